/** A response of a process, or a mark in its log. */
export type Line = Response | Mark | Loss

/** A response, with what was known when its request came. */
interface Response {
  readonly token: string
  readonly status: number
  /** Time of the clock of the process, in seconds. */
  readonly at: number
  /** Time of the last complete reading. */
  readonly asOf: number
  /** The same when the response was sent. */
  readonly until: number
}

/** From here on this process must refuse a token as soon as it has read: its revocation was acknowledged before. */
interface Mark {
  readonly acknowledged: string
  readonly at: number
}

/** Redis lost what was acknowledged: it counts again from its next mark on. */
interface Loss {
  readonly lost: true
}

/** Seconds that may pass between a request and its decision. */
const TOLERANCE = 1

/** Seconds after its last reading for which a process may accept tokens. */
const MAX_STALENESS = 30

/**
 * Returns what the log of a process shows against the promises.
 *
 * @param requested - tokens whose revocation was requested by anyone, acknowledged or not.
 */
export function violationsIn(log: readonly Line[], requested: ReadonlySet<string>): readonly string[] {
  const violations: string[] = []
  const marks = new Map<string, number>()
  const refused = new Set<string>()
  log.forEach((line, index) => {
    const report = (text: string): void => {
      violations.push(`line ${index}: ${text}: ${JSON.stringify(line)}`)
    }
    if ('lost' in line) marks.clear()
    else if ('acknowledged' in line) marks.set(line.acknowledged, line.at)
    else {
      const { token, status, at, asOf, until } = line
      const mark = marks.get(token)
      if (status === 200) {
        if (refused.has(token)) report('accepted after it was refused')
        if (mark !== undefined && asOf > mark) report('accepted after a reading that has the revocation')
        if (at > until + MAX_STALENESS) report('accepted by a process that has not read')
      } else if (status === 401) {
        if (!requested.has(token)) report('refused, and not revoked by anyone')
        refused.add(token)
      } else if (status !== 503) report('neither accepted, refused nor undecidable')
      else if (at + TOLERANCE <= asOf + MAX_STALENESS) report('undecidable for a process that has read')
    }
  })
  return violations
}
