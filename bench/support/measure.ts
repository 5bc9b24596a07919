import { setImmediate as nextTurn } from 'node:timers/promises'

/** The order of calls. */
export interface Manner {
  readonly mode: 'sequential' | 'concurrent'
  readonly milliseconds: number
  /** Number of sequential calls within one turn of the event loop. */
  readonly perTurn: number
}

export interface Sample {
  readonly perSecond: number
  /** CPU time of the whole process, including the thread pool and garbage collection. */
  readonly cpuMicros: number
  readonly wallMicros: number
}

const CONCURRENT_CALLS = 64

/** The call to measure. */
export interface Callee {
  readonly call: () => unknown
  readonly awaited: boolean
  readonly isAccepted: (result: unknown) => boolean
}

/** Measures calls for some time. A rejected token ends the run, because a rejection is different work. */
export async function measureCalls(callee: Callee, { mode, milliseconds, perTurn }: Manner): Promise<Sample> {
  const work = {
    concurrent: () => runConcurrently(callee),
    sequential: () => runSequentially(callee, perTurn),
  }[mode]
  const callsPerTurn = mode === 'concurrent' ? CONCURRENT_CALLS : perTurn
  let calls = 0
  const spent = process.cpuUsage()
  const started = performance.now()
  const until = started + milliseconds
  while (performance.now() < until) {
    await work()
    calls += callsPerTurn
    await nextTurn()
  }
  const elapsed = performance.now() - started
  const { user, system } = process.cpuUsage(spent)
  return {
    perSecond: (calls / elapsed) * 1000,
    cpuMicros: (user + system) / calls,
    wallMicros: (elapsed / calls) * 1000,
  }
}

async function runSequentially({ call, awaited, isAccepted }: Callee, count: number): Promise<void> {
  if (awaited) for (let done = 0; done < count; done += 1) assert(isAccepted(await call()))
  else for (let done = 0; done < count; done += 1) assert(isAccepted(call()))
}

async function runConcurrently({ call, isAccepted }: Callee): Promise<void> {
  const calling = new Array<unknown>(CONCURRENT_CALLS)
  for (let index = 0; index < CONCURRENT_CALLS; index += 1) calling[index] = call()
  for (const result of await Promise.all(calling)) assert(isAccepted(result))
}

function assert(accepted: boolean): void {
  if (!accepted) throw new Error('a token was not accepted')
}
