import type { TokenSourceHealth } from '../client/health.js'
import type { TokenSource } from '../client/source.js'
import type { TokenState } from '../client/token/token-state.js'
import type { TokenSourceEvent } from '../model/token-source-event.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord } from '../util/members.js'
import type { Attributes } from './attributes.js'
import type { Reading } from './readings.js'
import { TOKEN_ATTRIBUTES, TOKEN_INSTRUMENTS } from './token-instruments.js'

/** Whether the value is a token source, and not a verifier. */
export function isTokenSource(target: unknown): target is TokenSource {
  return (
    isRecord(target) && typeof target['getToken'] === 'function' && typeof target['observe'] === 'function'
  )
}

/** A measured event of a token source. */
export interface TokenMeasurement {
  readonly attributes: Attributes
  /** Duration of a token request in seconds; `undefined` for a token that an API refused. */
  readonly seconds: number | undefined
}

/** Returns what an event of the source with this name measures, or `undefined` if it measures nothing. */
export function measureTokenEvent(name: string, event: TokenSourceEvent): TokenMeasurement | undefined {
  const { kind, trigger, reason, durationMs } = event
  const attributes: Attributes = { [TOKEN_ATTRIBUTES.source]: name }
  if (kind === 'token_refused') return { attributes, seconds: undefined }
  if (durationMs === undefined) return undefined
  if (trigger !== undefined) attributes[TOKEN_ATTRIBUTES.trigger] = trigger
  if (reason !== undefined) attributes[TOKEN_ATTRIBUTES.errorType] = reason
  return { attributes, seconds: durationMs / 1000 }
}

const STATES: readonly TokenState[] = ['absent', 'fresh', 'due', 'renewing', 'stale', 'failed', 'paused']
const HEALTH_VALUES = { ok: 0, degraded: 1, down: 2 } as const

type Read = (health: TokenSourceHealth) => readonly { readonly state?: string; readonly value: number }[]

/** The metrics that are read when metrics are collected. Sets are combined, because their number is not bounded. */
export const TOKEN_READINGS: readonly {
  readonly instrument: (typeof TOKEN_INSTRUMENTS)['expiry' | 'age' | 'health' | 'count']
  readonly read: Read
}[] = [
  {
    instrument: TOKEN_INSTRUMENTS.expiry,
    read: ({ tokens }) =>
      extreme(
        tokens.flatMap(({ expiresIn }) => expiresIn ?? []),
        Math.min,
      ),
  },
  {
    instrument: TOKEN_INSTRUMENTS.age,
    read: ({ tokens }) =>
      extreme(
        tokens.flatMap(({ age }) => age ?? []),
        Math.max,
      ),
  },
  { instrument: TOKEN_INSTRUMENTS.health, read: ({ status }) => [{ value: HEALTH_VALUES[status] }] },
  {
    instrument: TOKEN_INSTRUMENTS.count,
    read: ({ tokens }) =>
      STATES.map((state) => ({ state, value: tokens.filter((token) => token.state === state).length })),
  },
]

function extreme(
  values: readonly number[],
  choose: (one: number, other: number) => number,
): ReturnType<Read> {
  // Without spreading, because a source may have 100,000 sets.
  return values.length === 0 ? [] : [{ value: values.reduce((one, other) => choose(one, other)) }]
}

/** Reads one metric of the source with this name. */
export function readTokens(name: string, source: TokenSource, read: Read): readonly Reading[] {
  return read(source.health()).map(({ state, value }) => ({
    value,
    attributes: {
      [TOKEN_ATTRIBUTES.source]: name,
      ...(state === undefined ? {} : { [TOKEN_ATTRIBUTES.state]: state }),
    },
  }))
}

/** Throws unless the value is a verifier or a token source. */
export function unknownTarget(where: string): ConfigurationError {
  return new ConfigurationError(
    where,
    'requires a verifier or a token source. Pass the result of createVerifier(), tokenSource() or a function like it',
  )
}
