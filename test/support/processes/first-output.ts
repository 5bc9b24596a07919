import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

/** Returns what a process prints first. Rejects if it cannot be started, or ends before that. */
export function firstOutput(
  child: ChildProcess & { readonly stdout: Readable },
  stream: Readable = child.stdout,
): Promise<string> {
  return new Promise((resolve, reject) => {
    stream.once('data', (chunk: Buffer) => {
      resolve(chunk.toString())
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      reject(new Error(`the process ended with ${code ?? signal} before it printed anything`))
    })
  })
}
