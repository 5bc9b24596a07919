import { hash } from 'node:crypto'
import { createVerifier, oauth, type Decision } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { answerMessages } from '../support/child.js'
import { measureCalls, type Callee, type Manner } from '../support/measure.js'
import { AUDIENCE, bearerBytes, claimsOf, freshHeaders, SCOPE, times } from '../support/tokens.js'
import { policy } from '../verifiers/own.js'

/** The quantity that grows. */
export type Kind = 'cached tokens' | 'issuers' | 'keys' | 'scopes'

/** Measures a decision, or only the lookup that any cache does with the same strings. */
export interface GrowthManner extends Manner {
  readonly what: 'authorize' | 'bare'
}

const [kind, count] = process.argv.slice(2) as [Kind, string]
const size = Number(count)
/** Maximum number of cached tokens in use, because the strings of the benchmark also compete for the CPU caches. */
const USED = 1000

const of = (what: Kind): number => (kind === what ? size : 1)
const keys = times(of('keys'), (index) => createSigningKey(`key-${index}`, 'ES256', {}))
const scopes = times(of('scopes'), (index) => (index === of('scopes') - 1 ? SCOPE : `scope-${index}:read`))
const issuers = times(of('issuers'), (index) => `https://issuer-${index}.test`)
const cached = kind === 'cached tokens' ? size : 100

const verifier = createVerifier({
  issuers: issuers.map((issuer) =>
    oauth({ issuer, audience: AUDIENCE, jwks: { keys: keys.map(({ jwk }) => jwk) } }),
  ),
  cache: { maxTokens: Math.max(10_000, cached) },
})
const bytes: Buffer[] = []
const known = new Map<string, object>()
let next = 0

answerMessages(async (message: 'prepare' | GrowthManner) => {
  if (message !== 'prepare') {
    const { what, ...manner } = message
    return measureCalls(what === 'bare' ? bare : authorizing, manner)
  }
  const every = Math.max(1, Math.floor(cached / USED))
  for (let index = 0; index < cached; index += 1) {
    const token = mint(index)
    if (index % every === 0) bytes.push(bearerBytes(token))
    known.set(hash('sha256', token), {})
    const { outcome } = await verifier.authorize({ headers: { authorization: `Bearer ${token}` } }, policy)
    if (outcome !== 'accepted') throw new Error(`${kind} ${size}: a token is ${outcome}`)
  }
  return undefined
})

function mint(index: number): string {
  const key = keys[index % keys.length]
  if (key === undefined) throw new TypeError('the key is missing')
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
  return signJwt(key, header, claimsOf(issuers[index % issuers.length] ?? '', { scope: scopes.join(' ') }))
}

function nextHeaders(): { readonly authorization: string } {
  next = (next + 1) % bytes.length
  return freshHeaders(bytes[next])
}

const authorizing: Callee = {
  call: () => verifier.authorize({ headers: nextHeaders() }, policy),
  awaited: true,
  isAccepted: (result) => (result as Decision).outcome === 'accepted',
}

const bare: Callee = {
  call: () => known.get(hash('sha256', nextHeaders().authorization.slice('Bearer '.length))),
  awaited: false,
  isAccepted: (result) => result !== undefined,
}
