#!/usr/bin/env node
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promptOn } from './input/prompt.js'
import { runCli } from './run.js'

const interruption = new AbortController()
// Only the first Ctrl-C is handled, so that a second one ends the process immediately.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interruption.abort(new Error('interrupted'))
  })
}

function writer(stream: NodeJS.WriteStream): (text: string) => Promise<void> {
  // Without a listener, a closed reader would end the process with a stack trace.
  stream.on('error', () => undefined)
  return (text) =>
    new Promise((resolve, reject) => {
      stream.write(text, (error) => {
        if (error) reject(error)
        else resolve()
      })
    })
}

/** Imports a package from the current folder, not from that of this package. */
async function importInstalled(name: string): Promise<unknown> {
  const { resolve: find } = createRequire(join(process.cwd(), 'm2m-guard.js'))
  let path: string
  try {
    path = find(name)
  } catch {
    return undefined
  }
  return import(pathToFileURL(path).href)
}

const code = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  stdin: process.stdin,
  stdout: writer(process.stdout),
  stderr: writer(process.stderr),
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  hasColors: process.stdout.isTTY && process.stdout.hasColors() && (process.env['NO_COLOR'] ?? '') === '',
  load: (path) => import(pathToFileURL(resolve(path)).href),
  loadPackage: importInstalled,
  ask: (question, signal) => promptOn(process.stdin, process.stderr, question, signal),
  signal: interruption.signal,
})
// All output is written. Open handles (stdin, idle connections) must not keep the process alive.
process.exit(code)
