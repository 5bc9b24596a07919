import { hash } from 'node:crypto'
import { createVerifier, oauth, type Decision } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { answerMessages } from '../support/child.js'
import { AUDIENCE, claimsOf, SCOPE, times } from '../support/tokens.js'
import { measureCalls, type Callee, type Manner } from '../verifiers/measure.js'

/** What grows. */
export type Kind = 'remembered tokens' | 'issuers' | 'keys' | 'scopes'

const [kind, text] = process.argv.slice(2) as [Kind, string]
const size = Number(text)
/** Of many remembered tokens, these are asked about: else the texts of the bench, too, would leave the caches. */
const ASKED = 1000

const of = (what: Kind): number => (kind === what ? size : 1)
const keys = times(of('keys'), (index) => createSigningKey(`key-${index}`, 'ES256', {}))
const scopes = times(of('scopes'), (index) => (index === of('scopes') - 1 ? SCOPE : `scope-${index}:read`))
const issuers = times(of('issuers'), (index) => `https://issuer-${index}.test`)
/** As many texts for every size, unless it is their number that grows. */
const remembered = kind === 'remembered tokens' ? size : 100

const verifier = createVerifier({
  issuers: issuers.map((issuer) =>
    oauth({ issuer, audience: AUDIENCE, jwks: { keys: keys.map(({ jwk }) => jwk) } }),
  ),
  cache: { maxTokens: Math.max(10_000, remembered) },
})
const policy = { scopes: SCOPE, maxTokenAge: '12h' } as const
const every = Math.max(1, Math.floor(remembered / ASKED))
const headers: Buffer[] = []
const known = new Map<string, object>()
const SCHEME = 'Bearer '.length
let next = 0

/** What is measured: a decision, or only what any memory does with the same texts. */
export interface GrowthManner extends Manner {
  readonly what: 'authorize' | 'bare'
}

answerMessages(async (message: 'prepare' | GrowthManner) => {
  if (message !== 'prepare') {
    const { what, ...manner } = message
    return measureCalls(what === 'bare' ? bare : authorizing, manner)
  }
  for (let index = 0; index < remembered; index += 1) {
    const text = `Bearer ${mint(index)}`
    if (index % every === 0) headers.push(Buffer.from(text, 'latin1'))
    const { outcome } = await verifier.authorize({ headers: { authorization: text } }, policy)
    known.set(hash('sha256', text.slice(SCHEME)), {})
    if (outcome !== 'accepted') throw new Error(`${kind} ${size}: a token is ${outcome}`)
  }
  return undefined
})

function mint(index: number): string {
  const key = keys[index % keys.length]
  if (key === undefined) throw new TypeError('there is no key')
  const issuer = issuers[index % issuers.length] ?? ''
  const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
  return signJwt(key, header, claimsOf(issuer, { scope: scopes.join(' ') }))
}

function nextText(): string {
  next = (next + 1) % headers.length
  return headers[next]?.toString('latin1') ?? ''
}

const authorizing: Callee = {
  call: () => verifier.authorize({ headers: { authorization: nextText() } }, policy),
  awaited: true,
  isAccepted: (result) => (result as Decision).outcome === 'accepted',
}

const bare: Callee = {
  call: () => known.get(hash('sha256', nextText().slice(SCHEME))),
  awaited: false,
  isAccepted: (result) => result !== undefined,
}
