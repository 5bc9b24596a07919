import { frameworks } from '../applications/frameworks.mjs'
import { BARE, CACHED, FAST_JWT, OWN, REFERENCE, SIGNATURE, type Contender } from '../chain/guards.js'
import { BARE_CALL, OWN_CALL, REMOTE } from '../chain/remote.js'
import { COMPLETE, differences, measureChain, QUICK, type Lengths } from '../chain/measure.js'
import { atMost, goal, table } from '../support/report.js'
import type { Column, Effort, Goal, Report, Table } from '../support/report.js'
import { intervalOfMedian, median, ratios } from '../support/statistics.js'

const MANY = CACHED
/** More than are cached, so that each of them is new. */
const NEW = CACHED + 200
/** Folder URL of the compiled package, from the compiled file of this module. */
const BUILD = new URL('../../', import.meta.url).href
/** The framework in which new tokens are measured, because it has the least noise. */
const QUIETEST = 'Fastify'

/** Limits of the time that a guard adds, relative to the reference. */
const RATIOS = [
  [OWN.guard, 1, 1.6],
  [OWN.guard, MANY, 2.1],
  [OWN.scopes, 1, 2],
  [OWN.observed, 1, 1.8],
] as const
const BYTES: Readonly<Record<string, number>> = {
  'Express 4': 1200,
  'Express 5': 1200,
  Koa: 750,
  Fastify: 1050,
}

/** The figures of one contender, one for each process. `added` means above the bare application. */
interface Figures extends Contender {
  readonly framework: string
  readonly nanos: readonly number[]
  readonly added: readonly number[]
  readonly bytes: readonly number[]
  /** Not only what is added. */
  readonly allBytes: readonly number[]
  readonly ratio: readonly number[]
}

/** What a new token adds to a request: the signature, and the rest. */
export async function first({ quick }: Effort): Promise<Report> {
  const guards = [BARE, REFERENCE, SIGNATURE, FAST_JWT, OWN.guard].map((guard) => one(guard, NEW))
  const figures = await measure(QUIETEST, guards, quick ? QUICK : COMPLETE)
  return {
    path: 'first',
    title: 'A new token in a framework',
    tables: [figuresTable('first', 'Added to a request with a new token', figures)],
    goals: newGoals(figures),
    notes: [
      `${NEW.toLocaleString('en-US')} RS256 tokens in turn, of which each verifier caches ${CACHED.toLocaleString('en-US')}, so that each is new. Each request arrives in its own turn of the event loop. fast-jwt has one key and is called in a hook, as the signature alone is.`,
    ],
  }
}

/** Goal 3: what a guard adds to a request in each framework. */
export async function chain({ quick }: Effort): Promise<Report> {
  const figures: Figures[] = []
  for (const [name, { peers }] of Object.entries(frameworks)) {
    const contenders = [
      ...[BARE, REFERENCE, ...Object.values(OWN), ...Object.keys(peers)].map((guard) => one(guard, 1)),
      ...[BARE, REFERENCE, OWN.guard].map((guard) => one(guard, MANY)),
    ]
    figures.push(...(await measure(name, contenders, quick ? QUICK : COMPLETE)))
  }
  return {
    path: 'chain',
    title: 'A guard in a framework',
    tables: [figuresTable('chain', 'Added to a request of the same application without a guard', figures)],
    goals: Object.keys(frameworks).flatMap((name) => goalsOf(name, figures)),
    notes: [
      `Each framework runs behind Node's HTTP parser on connections in memory: no socket, no kernel and no load generator. All of its contenders share ${COMPLETE.processes} processes, one after the other. In a turn, each contender has a round of ${COMPLETE.milliseconds} ms, in random order. The value of a round is its median request. A figure is the median of the processes, whose figures are the median differences to the bare application in the same turns. Bytes are the heap that a request allocates. m2m-guard has one scope and a maximum age. With requireScopes, the scope is required behind the guard: by a second middleware in Express, Koa and Hono, and together with the guard in Fastify and Nest. Most other packages have no token cache.`,
    ],
  }
}

/** Goal 7: what the transport adds to a call of an issuer. */
export async function remote({ quick }: Effort): Promise<Report> {
  const contenders = [BARE_CALL, OWN_CALL].map((guard) => one(guard, 1))
  const figures = await measure(REMOTE, contenders, quick ? QUICK : COMPLETE, BARE_CALL)
  const [bare = [], own = []] = figures.map(({ nanos }) => nanos)
  return {
    path: 'remote',
    title: 'A call to the issuer',
    tables: [
      table('remote', 'One introspection call over a kept connection', figures, [
        ['name', 'client', ({ guard }) => guard],
        ...times('call'),
        ['bytes', 'bytes', ({ allBytes }) => median(allBytes)],
      ]),
    ],
    goals: [goal(`A call relative to a ${BARE_CALL}`, ratios(own, bare), atMost(1.3))],
    notes: [
      'Both clients use a connection in memory, so that only the work of the process is measured, without the kernel. Over a loopback socket, a call of the agent alone takes several times as long, and the difference stays the same. m2m-guard adds the deadline, the limits on size and encoding, and the lookup.',
    ],
  }
}

const one = (guard: string, tokens: number): Contender => ({ guard, tokens, build: BUILD })

/** The time of a call, and what is added to the bare one. */
const times = (call: string): readonly Column<Figures>[] => [
  ['nanos', `${call} ns`, ({ nanos }) => median(nanos)],
  ['added', 'added ns', ({ added }) => median(added)],
  ['low', '95 % from', ({ added }) => intervalOfMedian(added)[0]],
  ['high', 'to', ({ added }) => intervalOfMedian(added)[1]],
]

const figuresTable = (id: string, title: string, figures: readonly Figures[]): Table =>
  table(id, title, figures, [
    ['framework', 'framework', ({ framework }) => framework],
    ['guard', 'guard', ({ guard }) => guard],
    ['tokens', 'tokens', ({ tokens }) => tokens],
    ...times('request'),
    ['ratio', `relative to ${REFERENCE}`, ({ ratio }) => median(ratio), 2],
    ['bytes', 'added bytes', ({ bytes }) => median(bytes)],
  ])

async function measure(framework: string, contenders: readonly Contender[], lengths: Lengths, bare = BARE) {
  const measured = await measureChain(framework, contenders, lengths)
  return contenders.map((contender, index): Figures => {
    const baseOf = (guard: string): number =>
      contenders.findIndex((some) => some.guard === guard && some.tokens === contender.tokens)
    const addedBy = (which: number): readonly number[] => differences(measured, 'nanos', which, baseOf(bare))
    return {
      ...contender,
      framework,
      nanos: measured.map((process) => median(process[index]?.nanos ?? [])),
      added: addedBy(index),
      bytes: differences(measured, 'bytes', index, baseOf(bare)),
      allBytes: measured.map((process) => median(process[index]?.bytes ?? [])),
      ratio: ratios(addedBy(index), addedBy(baseOf(REFERENCE))),
    }
  })
}

function find(figures: readonly Figures[], framework: string, guard: string, tokens: number): Figures {
  const isIt = (some: Figures) => some.framework === framework && some.guard === guard && some.tokens === tokens
  const found = figures.find(isIt)
  if (found === undefined) throw new TypeError(`no measurement of ${guard} in ${framework}`)
  return found
}

function goalsOf(framework: string, figures: readonly Figures[]): readonly Goal[] {
  const added = RATIOS.map(([guard, tokens, limit]) => {
    const what = `${framework}, ${guard}, tokens: ${tokens.toLocaleString('en-US')}: added time relative to ${REFERENCE}`
    return goal(what, find(figures, framework, guard, tokens).ratio, atMost(limit))
  })
  const limit = BYTES[framework]
  if (limit === undefined) return added
  const { bytes } = find(figures, framework, OWN.guard, 1)
  return [...added, goal(`${framework}, ${OWN.guard}: added bytes`, bytes, atMost(limit, ' bytes'))]
}

function newGoals(figures: readonly Figures[]): readonly Goal[] {
  const added = (guard: string): readonly number[] => find(figures, QUIETEST, guard, NEW).added
  const relativeTo = (guard: string, limit: number): Goal => {
    const what = `${QUIETEST}, a new token: added time relative to ${guard}`
    return goal(what, ratios(added(OWN.guard), added(guard)), atMost(limit))
  }
  return [relativeTo(FAST_JWT, 1), relativeTo(SIGNATURE, 1.5)]
}
