import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AtEnd } from '../at-end.js'

interface Message {
  readonly id: number
  readonly message: unknown
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** A process that replies to messages, of which several may be in flight. */
export interface Child {
  readonly process: ChildProcess
  /** What it sent when it was ready. */
  readonly ready: unknown
  /** Sends a message and returns the reply. Rejects if the process could not handle it, or has ended. */
  readonly ask: <T>(message: unknown) => Promise<T>
  /** Lets the process end by itself, so that Node writes its profiles. */
  readonly end: () => Promise<void>
  /** Ends it as a crash does. */
  readonly kill: () => Promise<void>
}

/** How a process is started. */
interface ChildOptions {
  readonly flags?: readonly string[]
  /** Registers the end of the process before it starts. */
  readonly atEnd?: AtEnd
}

/** The reply to this message is sent when the process is ready. */
const READY = 0

/** Starts a module that calls {@link answerMessages} in a process of its own, and waits until it is ready. */
export async function startChild(
  module: URL,
  args: readonly string[],
  { flags = [], atEnd }: ChildOptions = {},
): Promise<Child> {
  const child = fork(module, [...args], {
    execArgv: [...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  atEnd?.(kill)
  const replyTo = receiveReplies(child, args.join(' '))
  const ready = await replyTo(READY)
  let last = READY
  return {
    process: child,
    ready,
    ask: async <T>(message: unknown) => {
      if (!child.connected) throw new Error('the process has ended')
      last += 1
      const reply = replyTo(last)
      child.send({ id: last, message } satisfies Message, () => undefined)
      return (await reply) as T
    },
    async end() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
    kill,
  }
}

/** Returns a function that waits for the reply to a message. */
function receiveReplies(child: ChildProcess, name: string): (id: number) => Promise<unknown> {
  const waiting = new Map<number, (reply: Reply) => void>()
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
  })
  child.on('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the process has ended' })
  })
  return (id) =>
    new Promise((resolve, reject) => {
      waiting.set(id, ({ value, error }) => {
        waiting.delete(id)
        if (error === undefined) resolve(value)
        else reject(new Error(`${name}: ${error}`))
      })
    })
}

/**
 * Replies to each message of the parent process with the result of the handler, and ends with the parent process.
 *
 * @param ready - sent immediately: the process accepts messages.
 */
export function answerMessages(handle: (message: never) => unknown, ready?: unknown): void {
  // The parent process may have ended meanwhile.
  const reply = (content: Reply): void => void process.send?.(content, () => undefined)
  process.on('message', ({ id, message }: Message) => {
    void (async () => {
      try {
        reply({ id, value: await handle(message as never) })
      } catch (error) {
        reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    })()
  })
  process.on('disconnect', () => {
    process.exit(0)
  })
  reply({ id: READY, value: ready })
}
