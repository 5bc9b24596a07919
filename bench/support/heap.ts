/** The bytes in use once all that can be collected is; for a process started with `--expose-gc`. */
export function usedBytes(): number {
  if (globalThis.gc === undefined) throw new Error('the process needs --expose-gc')
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
