import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { interleave } from './statistics.js'

type Reply = Readonly<{ value?: unknown; error?: string }>

/**
 * Starts a module in its own process, because contenders must not share a heap, type feedback or threads. The process
 * sends a reply without a value as soon as it accepts messages. It handles one message at a time.
 */
export async function startChild(module: URL, args: readonly string[], nodeFlags: readonly string[] = []) {
  const child = fork(module, [...args], {
    execArgv: [...nodeFlags],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  await replyOf(child, args)
  return {
    async ask<T>(message: unknown): Promise<T> {
      child.send(message as object)
      return (await replyOf(child, args)) as T
    },
    async end() {
      const exited = once(child, 'exit')
      // The process then exits by itself, so that Node writes its profiles.
      child.disconnect()
      await exited
    },
  }
}

function replyOf(child: ChildProcess, args: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = ({ value, error }: Reply): void => {
      child.removeAllListeners('message').removeAllListeners('exit')
      if (error === undefined) resolve(value)
      else reject(new Error(`${args.join(' ')}: ${error}`))
    }
    child.once('message', settle).once('exit', () => {
      settle({ error: 'the process exited' })
    })
  })
}

/** Replies to each message of the parent process with the result of the handler. */
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

/** Prepares with the first message of the parent process, and replies to each other one with a measurement. */
export function measureWhenPrepared(prepare: (preparation: never) => Promise<(plan: never) => unknown>): void {
  let measure: ((plan: never) => unknown) | undefined
  answerMessages(async (message: never) => {
    if (measure !== undefined) return measure(message)
    measure = await prepare(message)
    return undefined
  })
}

/** Settings for measuring several processes of one module. */
export interface Comparison {
  readonly module: URL
  /** The arguments of each process. */
  readonly processes: readonly (readonly string[])[]
  /** Sent to each process before anything is measured. */
  readonly preparation: unknown
  readonly rounds: number
  /** The messages to measure with, one series after the other. */
  readonly series: readonly ((isWarmUp: boolean) => unknown)[]
}

/** Measures processes in turn. Returns the samples by series, process and round. */
export async function compare<S>(plan: Comparison): Promise<readonly (readonly (readonly S[])[])[]> {
  const { preparation, rounds } = plan
  const children = await Promise.all(plan.processes.map((args) => startChild(plan.module, args)))
  try {
    for (const child of children) await child.ask(preparation)
    const samples = []
    for (const message of plan.series)
      samples.push(await interleave(children, rounds, (child, isWarmUp) => child.ask<S>(message(isWarmUp))))
    return samples
  } finally {
    await Promise.all(children.map((child) => child.end()))
  }
}
