import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process of our own that is asked one thing at a time. */
export interface Child {
  readonly ask: <T>(message: unknown) => Promise<T>
  readonly end: () => Promise<void>
}

interface Answer {
  readonly value?: unknown
  readonly error?: string
}

/**
 * Starts a module in a process of its own: one contender's heap, types and threads must not be the other's. It says
 * `ready` (by an answer without value) once it can be asked.
 */
export async function startChild(
  module: URL,
  args: readonly string[],
  options: { readonly nodeFlags?: readonly string[] } = {},
): Promise<Child> {
  const child = fork(module, [...args], {
    execArgv: [...(options.nodeFlags ?? [])],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  await answerOf(child, args)
  return {
    async ask<T>(message: unknown) {
      child.send(message as object)
      return (await answerOf(child, args)) as T
    },
    async end() {
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}

async function answerOf(child: ChildProcess, args: readonly string[]): Promise<unknown> {
  const stop = new AbortController()
  const answered = once(child, 'message', stop) as Promise<[Answer]>
  const gone = once(child, 'exit', stop).then(() => {
    throw new Error(`${args.join(' ')}: the process ended`)
  })
  try {
    const [{ value, error }] = await Promise.race([answered, gone])
    if (error !== undefined) throw new Error(`${args.join(' ')}: ${error}`)
    return value
  } finally {
    stop.abort()
    // Whichever lost the race was stopped, which is its rejection.
    await Promise.allSettled([answered, gone])
  }
}

/** The other side: answers each message with what the handler makes of it. */
export function answerMessages(handle: (message: never) => unknown): void {
  process.on('message', (message) => {
    void (async () => {
      try {
        process.send?.({ value: await handle(message as never) })
      } catch (error) {
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    })()
  })
  process.on('disconnect', () => {
    process.exit(0)
  })
  process.send?.({})
}
