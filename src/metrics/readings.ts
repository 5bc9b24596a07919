import type { VerifierHealth } from '../verifier/readiness.js'
import type { Attributes } from './attributes.js'
import { ATTRIBUTES } from './instruments.js'

/** Value of a metric that is read when metrics are collected. */
export interface Reading {
  readonly attributes: Attributes
  readonly value: number
}

const BREAKER_VALUES = { closed: 0, 'half-open': 1, open: 2 } as const

/** Age of the keys of each issuer, in seconds. That of the oldest keys for an issuer with tenants. */
export function readKeyAges({ issuers }: VerifierHealth): readonly Reading[] {
  return issuers.flatMap(({ name, keys, tenants }) => readingOf(name, keys?.age ?? tenants?.keyAge))
}

/** State of the circuit breaker of each issuer. The worst one for an issuer with tenants. */
export function readBreakers({ issuers }: VerifierHealth): readonly Reading[] {
  return issuers.flatMap(({ name, remote, tenants }) => {
    const state = remote?.breaker ?? tenants?.breaker
    return readingOf(name, state === undefined ? undefined : BREAKER_VALUES[state])
  })
}

function readingOf(issuer: string, value: number | undefined): readonly Reading[] {
  return value === undefined ? [] : [{ attributes: { [ATTRIBUTES.issuer]: issuer }, value }]
}

const EMPTY = { tokens: 0, bytes: 0 }

/** Size of each part of the token cache. */
export function readCache({ cache }: VerifierHealth, unit: 'tokens' | 'bytes'): readonly Reading[] {
  const { accepted, refused } = cache ?? { accepted: EMPTY, refused: EMPTY }
  return Object.entries({ accepted, refused }).map(([kind, size]) => ({
    attributes: { [ATTRIBUTES.cacheKind]: kind },
    value: size[unit],
  }))
}

/** Age of the revocations, in seconds; nothing before the first reading, and without revocations. */
export function readRevocationAge({ revocations }: VerifierHealth): readonly Reading[] {
  const { asOf } = revocations ?? {}
  return asOf === undefined ? [] : [{ attributes: {}, value: Math.max(0, Date.now() / 1000 - asOf) }]
}

/** Number of revocations in memory. */
export function readRevocationSize({ revocations }: VerifierHealth): readonly Reading[] {
  return revocations === undefined ? [] : [{ attributes: {}, value: revocations.entries }]
}
