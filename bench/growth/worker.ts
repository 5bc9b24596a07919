import { createVerifier, oauth } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { measureWhenPrepared } from '../support/child.js'
import { measureCalls, type Manner } from '../support/measure.js'
import { AUDIENCE, bearerBytes, claimsOf, freshHeaders, SCOPE, times } from '../support/tokens.js'
import { prepareCalls, type Contender, type Verify } from '../verifiers/contender.js'
import { lookUp, makeLookUp } from '../verifiers/limits.js'
import { ownKnown, policy } from '../verifiers/own.js'

/** The quantity that grows. */
export type Kind = 'cached tokens' | 'issuers' | 'keys' | 'scopes'

/** Measures a decision, or only the lookup that any cache does with the same strings. */
export type GrowthManner = Manner & { readonly what: 'authorize' | 'bare' }

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
  issuers: issuers.map((issuer) => oauth({ issuer, audience: AUDIENCE, jwks: { keys: keys.map(({ jwk }) => jwk) } })),
  cache: { maxTokens: Math.max(10_000, cached) },
})
const tokens = times(cached, mint)
const used = tokens.filter((_, index) => index % Math.max(1, Math.floor(cached / USED)) === 0)

measureWhenPrepared(async () => {
  const callees = {
    authorize: await fill(ownKnown, (headers) => verifier.authorize({ headers }, policy)),
    bare: await fill(lookUp, makeLookUp()),
  }
  return ({ what, ...manner }: GrowthManner) => measureCalls(callees[what], manner)
})

/** Fills the cache with every token, and returns calls with the used ones. */
async function fill(contender: Contender, verify: Verify) {
  for (const token of tokens) await verify(freshHeaders(bearerBytes(token)))
  return (await prepareCalls(contender, verify, used))(used.length)
}

function mint(index: number): string {
  const key = keys[index % keys.length]
  if (key === undefined) throw new TypeError('the key is missing')
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
  return signJwt(key, header, claimsOf(issuers[index % issuers.length] ?? '', { scope: scopes.join(' ') }))
}
