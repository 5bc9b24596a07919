import { setImmediate as nextTurn } from 'node:timers/promises'

/** How calls follow one another. */
export interface Manner {
  readonly mode: 'sequential' | 'at once'
  readonly milliseconds: number
  /** Number of sequential calls within one turn of the event loop. */
  readonly perTurn: number
}

export interface Sample {
  readonly perSecond: number
  /** CPU of the whole process, thread pool and garbage collection included. */
  readonly cpuMicros: number
  readonly wallMicros: number
}

const AT_ONCE = 64

/** The call to measure. */
export interface Callee {
  readonly call: () => unknown
  readonly awaited: boolean
  readonly isAccepted: (result: unknown) => boolean
}

/** Measures calls for some time. A rejected token ends the run, because rejecting is other work. */
export async function measureCalls(callee: Callee, { mode, milliseconds, perTurn }: Manner): Promise<Sample> {
  const work = { 'at once': () => burst(callee), sequential: () => inRow(callee, perTurn) }[mode]
  const callsPerTurn = mode === 'at once' ? AT_ONCE : perTurn
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

async function inRow({ call, awaited, isAccepted }: Callee, count: number): Promise<void> {
  if (awaited) for (let done = 0; done < count; done += 1) assert(isAccepted(await call()))
  else for (let done = 0; done < count; done += 1) assert(isAccepted(call()))
}

async function burst({ call, isAccepted }: Callee): Promise<void> {
  const calling = new Array<unknown>(AT_ONCE)
  for (let index = 0; index < AT_ONCE; index += 1) calling[index] = call()
  for (const result of await Promise.all(calling)) assert(isAccepted(result))
}

function assert(accepted: boolean): void {
  if (!accepted) throw new Error('a token was not accepted')
}
