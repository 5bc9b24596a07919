/** Returns the bytes in use after garbage collection, in a process started with `--expose-gc`. */
export function usedBytes(): number {
  if (globalThis.gc === undefined) throw new Error('the process needs --expose-gc')
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
