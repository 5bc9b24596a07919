import { hash } from 'node:crypto'
import { frameworks, type Framework, type Guards } from '../applications/frameworks.mjs'
import { SCOPE, type Issuance } from '../support/tokens.js'
import { Connection } from './connection.js'
import { REMOTE, remoteCallOf } from './remote.js'
import type { Contender as Verifier } from '../verifiers/contender.js'
import { signatureLimit } from '../verifiers/limits.js'

/** One guard in one framework, and the number of tokens that it gets in turn. */
export interface Contender {
  readonly guard: string
  readonly tokens: number
  /** Folder URL of the build of m2m-guard. */
  readonly build: string
}

/** A middleware that only checks that a token is present. */
export const BARE = 'bare'
/** Also looks up the digest of the token: the minimum cost of a guard whose cache does not store the tokens. */
export const REFERENCE = 'sha256 + Map.get'
export const SIGNATURE = 'crypto.verify'
export const FAST_JWT = 'fast-jwt, cache: true'

/** The number of tokens that m2m-guard and fast-jwt cache. With more tokens in turn, each of them is new. */
export const CACHED = 1000

/** The guards of m2m-guard. Each has one scope and a maximum age. */
export const OWN = {
  guard: 'm2m-guard',
  scopes: 'm2m-guard + requireScopes',
  observed: 'm2m-guard + onDecision',
} as const

interface Setting {
  readonly framework: string
  readonly issuance: Issuance
  readonly tokens: readonly string[]
}

type Headers = Readonly<{ authorization?: string }>
const SCHEME = 'Bearer '

const hasToken = ({ authorization }: Headers): boolean => authorization?.startsWith(SCHEME) === true

function createLookUp(): (headers: Headers) => boolean {
  const known = new Map<string, object>()
  return ({ authorization }) => {
    if (authorization?.startsWith(SCHEME) !== true) return false
    const digest = hash('sha256', authorization.slice(SCHEME.length), 'binary')
    if (known.get(digest) === undefined) known.set(digest, {})
    return true
  }
}

async function judgeBy({ make, isAccepted }: Verifier, issuance: Issuance): Promise<(headers: Headers) => boolean> {
  const verify = await make(issuance)
  return ({ authorization = '' }) => {
    try {
      return isAccepted(verify({ authorization }))
    } catch {
      return false
    }
  }
}

/** The contenders that judge a request by its headers alone. */
const judges: Readonly<Record<string, (issuance: Issuance) => Promise<(headers: Headers) => boolean>>> = {
  [BARE]: () => Promise.resolve(hasToken),
  [REFERENCE]: () => Promise.resolve(createLookUp()),
  [SIGNATURE]: (issuance) => judgeBy(signatureLimit, issuance),
  [FAST_JWT]: async (issuance) => judgeBy((await import('../verifiers/peers.mjs')).fastJwtWithCache, issuance),
}

/** Returns the call to measure: a request with the next token of the contender, which every guard must accept. */
export async function callOf(contender: Contender, { framework: name, issuance, tokens }: Setting) {
  if (name === REMOTE) return remoteCallOf(contender)
  const { guard, build } = contender
  const framework = frameworks[name]
  if (framework === undefined) throw new TypeError(`unknown framework: ${name}`)
  const judge = Object.hasOwn(judges, guard) ? await judges[guard]?.(issuance) : undefined
  const guards = judge
    ? framework.judge(judge)
    : (framework.peers[guard]?.(issuance, { timeout: 5000, cache: true }) ??
      ownGuards(framework, guard, build, issuance))
  const listener = await framework.listener(await guards)
  const connection = new Connection(listener, tokens.slice(0, contender.tokens))
  const [token = ''] = tokens
  const statuses = [await connection.statusOf(token), await connection.statusOf(`${token.slice(0, -8)}AAAAAAAA`)]
  const isUnverified = guard === BARE || guard === REFERENCE
  // Nest responds 403 where a guard returns false.
  if (!(isUnverified ? /^200,200$/ : /^200,40[13]$/).test(statuses.join()))
    throw new Error(`${guard} in ${name} responds with ${statuses.join(' and ')} to a valid and an invalid token`)
  return connection.call
}

async function ownGuards(
  framework: Framework,
  guard: string,
  build: string,
  { issuer, audience, jwksUri }: Issuance,
): Promise<Guards> {
  const load = (file: string): Promise<unknown> => import(new URL(file, build).href)
  const { createVerifier, oauth } = (await load('src/index.js')) as typeof import('../../src/index.js')
  const verifier = createVerifier({
    issuers: [oauth({ issuer, audience, jwksUri })],
    cache: { maxTokens: CACHED },
    ...(guard === OWN.observed ? { onDecision: () => undefined } : {}),
  })
  await verifier.ready()
  const hasRouteScopes = guard === OWN.scopes
  const policy = { maxTokenAge: '1h', ...(hasRouteScopes ? {} : { scopes: SCOPE }) }
  const adapter = await load(`adapters/${framework.adapter}.js`)
  return framework.own(adapter, verifier, policy, hasRouteScopes ? SCOPE : undefined)
}
