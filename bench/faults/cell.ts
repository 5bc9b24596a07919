import { times } from '../support/tokens.js'

/** A row of the table. */
export interface Row {
  readonly fault: string
  readonly phase: Phase
  readonly package: string
  readonly answer: string
  readonly reason: string
  readonly calls: string
  readonly recovery: string
}

/** Before the fault, a cold guard has handled no request and a warm guard has handled one. */
export type Phase = 'cold' | 'warm'

/** A running guard and its issuer, with the parts for one fault. */
export interface Stage {
  readonly url: string
  /** The token that a warm guard has verified. */
  readonly first: string
  readonly inject: () => void
  readonly heal: () => void
  /** The tokens that are sent concurrently during the fault, and those sent one after the other. */
  readonly concurrent: () => readonly string[]
  readonly sequential: () => readonly string[]
  /** Only the responses to the sequential tokens count. */
  readonly isMixed?: boolean
  /** Whether the guard behaves as before the fault. */
  readonly isRecovered: () => Promise<boolean>
  readonly calls: () => number
  readonly close: () => void
}

type Reply = Readonly<{ status: number; reason: string }>

export const CONCURRENT = 10
export const SEQUENTIAL = 3

const LONGEST_WAIT_MS = 15_000
const POLL_MS = 100
const LONGEST_REASON = 60

/** Injects one fault into one package and measures its responses. */
export async function meet(names: Pick<Row, 'fault' | 'phase' | 'package'>, start: () => Promise<Stage>): Promise<Row> {
  const stage = await start()
  try {
    if (names.phase === 'warm') await send(stage.url, stage.first)
    const callsBefore = stage.calls()
    stage.inject()
    const concurrent = await Promise.all(stage.concurrent().map((token) => send(stage.url, token)))
    const sequential: Reply[] = []
    for (const token of stage.sequential()) sequential.push(await send(stage.url, token))
    const calls = stage.calls() - callsBefore
    const replies = stage.isMixed === true ? sequential : [...concurrent, ...sequential]
    stage.heal()
    const recovery = await timeUntil(stage.isRecovered)
    const reasons = [...new Set(replies.map(({ reason }) => reason))].filter((reason) => reason !== '')
    return {
      ...names,
      answer: statusesOf(replies),
      reason: reasons.join('; '),
      calls: `${calls}`,
      recovery,
    }
  } finally {
    stage.close()
  }
}

/** Sends one token and reads the status and the reason. */
export async function send(url: string, token: string): Promise<Reply> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = await response.text()
  const reason = response.ok ? '' : reasonOf(body, response.headers.get('www-authenticate'))
  return { status: response.status, reason }
}

function reasonOf(body: string, challenge: string | null): string {
  const error = /error="([^"]*)"/.exec(challenge ?? '')?.[1]
  const members = ['error_description', 'message', 'error'].map((name) => new RegExp(`"${name}":"([^"]*)"`))
  const found = [...members, /<pre>([^<\n]*)/, /^(.*)/].map((pattern) => pattern.exec(body)?.[1])
  const description = found.find((some) => some !== undefined)
  // Ports differ from run to run, and a table cell has one line.
  const plain = [error, description]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
    .replace(/\d{4,5}/g, 'N')
    .replaceAll('|', '/')
    .replaceAll('&quot;', '"')
  return plain.length > LONGEST_REASON ? `${plain.slice(0, LONGEST_REASON - 1)}…` : plain
}

/** `503`, or each status with its count. */
function statusesOf(replies: readonly Reply[]): string {
  const statuses = [...new Set(replies.map(({ status }) => status))]
  if (statuses.length === 1) return `${statuses[0] ?? ''}`
  const count = (of: number): number => replies.filter(({ status }) => status === of).length
  return statuses.map((status) => `${status} × ${count(status)}`).join(', ')
}

async function timeUntil(holds: () => Promise<boolean>): Promise<string> {
  const started = performance.now()
  for (let tries = 0; performance.now() - started < LONGEST_WAIT_MS; tries += 1) {
    if (await holds()) return tries === 0 ? 'immediate' : `${((performance.now() - started) / 1000).toFixed(1)} s`
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return `not within ${LONGEST_WAIT_MS / 1000} s`
}

/** The new tokens that are sent concurrently and sequentially. */
export const tokensBy = (mint: () => string): Pick<Stage, 'concurrent' | 'sequential'> => ({
  concurrent: () => times(CONCURRENT, mint),
  sequential: () => times(SEQUENTIAL, mint),
})
