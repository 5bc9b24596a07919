import { randomBytes, randomUUID } from 'node:crypto'
import { parseDuration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { custom, nullable, withDefault, type Result, type TableOf } from '../options/reader.js'
import { oneOf, unchecked } from '../options/readers.js'
import { splitWords } from './server/http.js'
import { PROVIDERS, randomString, type ProviderName } from './state/providers.js'
import { signJwt, type SigningAlgorithm } from './state/signing-keys.js'
import { nowSeconds, type IssuerState } from './state/state.js'
import type { TokenRecord } from './state/token-store.js'

/** What a minted token says. Everything is optional; what is left out is as the provider would have it. */
export interface MintOptions {
  /** Whose token it is. Default `'oauth'`. */
  readonly provider?: ProviderName
  /** The `sub`. Default: `clientId`. */
  readonly subject?: string
  /** The client it was issued to. Default: the provider's own test client; at Clerk the sending machine. */
  readonly clientId?: string
  /** Granted scopes: a list, or a text with spaces. At Clerk, which has no scopes of this kind, a custom claim `scope`. */
  readonly scopes?: string | readonly string[]
  /**
   * The audience; `null` leaves it out. Default: the test issuer's, at Stytch the project. At Clerk the
   * machines the token may be presented to, by default the receiver; a Clerk JWT says so only if asked.
   */
  readonly audience?: string | readonly string[] | null
  /** How long ago it was issued: seconds, or `'90s'`, `'15m'`, `'1h'`. Negative is in the future. Default 0. */
  readonly age?: Duration
  /** When it expires, counted from now: seconds, or `'1h'`. Negative has expired; `null` never does. Default `'1h'`. */
  readonly expiresIn?: Duration | null
  /** Further claims, or others in place of the usual; `undefined` takes a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The key the token is bound to: the `cnf` claim (RFC 7800). */
  readonly confirmation?: Readonly<Record<string, unknown>>
}

/** {@link MintOptions} for JWTs. */
export interface MintJwtOptions extends MintOptions {
  /** Further header members, or others in place of the usual; `undefined` takes one out. The signature stays that of the key. */
  readonly header?: Readonly<Record<string, unknown>>
  /** What to sign with. Default `'RS256'`. The key is made and published on first use. */
  readonly algorithm?: SigningAlgorithm
  /** Signs with this key, which was published once, withdrawn or not. */
  readonly kid?: string
}

/** {@link MintOptions} for opaque tokens. */
export interface MintOpaqueOptions extends MintOptions {
  /** What the token starts with. Default: `mt_` at Clerk, else nothing. */
  readonly prefix?: string
}

/** A duration of ours is never negative; a test needs tokens that have expired. */
const signedDuration = custom('Duration, may be negative', (option, value) => {
  if (typeof value === 'number' && value < 0) return -parseDuration(option, -value)
  if (typeof value === 'string' && value.startsWith('-')) return -parseDuration(option, value.slice(1))
  return parseDuration(option, value)
})

/** A misspelt name would make a token other than the test believes. What a token says may be deliberately wrong. */
const MINT_OPTIONS = {
  provider: oneOf(PROVIDERS, 'oauth'),
  subject: unchecked<string>('string'),
  clientId: unchecked<string>('string'),
  scopes: unchecked<string | readonly string[]>('string or list'),
  audience: unchecked<string | readonly string[] | null>('string, list or null'),
  age: withDefault(signedDuration, 0),
  expiresIn: withDefault(nullable(signedDuration), 3600),
  claims: unchecked<Readonly<Record<string, unknown>>>('object'),
  confirmation: unchecked<Readonly<Record<string, unknown>>>('object'),
} satisfies TableOf<MintOptions>

const JWT_OPTIONS = {
  ...MINT_OPTIONS,
  header: unchecked<Readonly<Record<string, unknown>>>('object'),
  algorithm: unchecked<SigningAlgorithm>('string'),
  kid: unchecked<string>('string'),
} satisfies TableOf<MintJwtOptions>

const OPAQUE_OPTIONS = {
  ...MINT_OPTIONS,
  prefix: unchecked<string>('string'),
} satisfies TableOf<MintOpaqueOptions>

type Settings = Result<typeof MINT_OPTIONS>

type Claims = Readonly<Record<string, unknown>>

/** The facts of a token to be, with all defaults. */
type TokenFields = Omit<
  TokenRecord,
  'value' | 'format' | 'header' | 'claims' | 'revoked' | 'revocationReason' | 'updatedAt'
>

/** Makes and remembers a JWT. */
export function mintJwt(state: IssuerState, given: MintJwtOptions = {}): TokenRecord {
  const options = readOptions('mintJwt', given, JWT_OPTIONS, '')
  const facts = tokenFieldsOf(state, options)
  const key = state.keys[facts.provider].signingKey(options.algorithm, options.kid)
  const claims = withOverrides(claimsOf(state, facts, options), options.claims)
  const type = facts.provider === 'oauth' || facts.provider === 'authlete' ? 'at+jwt' : 'JWT'
  const category = facts.provider === 'clerk' ? { cat: CLERK_MACHINE_CATEGORY } : {}
  const header = withOverrides({ alg: key.algorithm, typ: type, kid: key.kid, ...category }, options.header)
  return storeToken(state, { ...facts, format: 'jwt', value: signJwt(key, header, claims), header, claims })
}

/** Makes and remembers an opaque token. */
export function mintOpaque(state: IssuerState, given: MintOpaqueOptions = {}): TokenRecord {
  const options = readOptions('mintOpaque', given, OPAQUE_OPTIONS, '')
  const facts = tokenFieldsOf(state, options)
  if (facts.provider === 'stytch') throw new TypeError('Stytch has no opaque machine tokens; use mintJwt')
  const ownPrefix = { oauth: state.opaquePrefix, clerk: 'mt_', authlete: '' }[facts.provider]
  const claims = withOverrides(claimsOf(state, facts, options), options.claims)
  const value = `${options.prefix ?? ownPrefix}${randomString(32)}`
  return storeToken(state, { ...facts, format: 'opaque', value, header: {}, claims })
}

/** The `cat` header of Clerk's machine tokens. */
export const CLERK_MACHINE_CATEGORY = 'cl_B7d4PD333AAA'

function storeToken(
  state: IssuerState,
  record: Omit<TokenRecord, 'revoked' | 'revocationReason' | 'updatedAt'>,
): TokenRecord {
  return state.tokens.add({ ...record, revoked: false, revocationReason: null, updatedAt: nowSeconds(state) })
}

function tokenFieldsOf(state: IssuerState, options: Settings): TokenFields {
  const { provider, age, expiresIn: lifetime } = options
  const now = nowSeconds(state)
  // A Clerk token has one name for who it belongs to: its machine.
  const clientId =
    options.clientId ?? (provider === 'clerk' ? options.subject : undefined) ?? clientOf(state, provider)
  return {
    id: provider === 'clerk' ? `mt_${randomBytes(16).toString('hex')}` : randomUUID(),
    provider,
    clientId,
    subject: options.subject ?? clientId,
    scopes: words(options.scopes ?? []),
    audience:
      options.audience === null ? [] : list(options.audience ?? audienceOf(state, provider, clientId)),
    issuedAt: wholeUnless(age, now) - age,
    expiresAt: lifetime === null ? null : wholeUnless(lifetime, now) + lifetime,
    extraClaims: extraClaimsOf(provider, options),
  }
}

/** The claims as the provider writes them. Also what an introspection of an opaque token says. */
function claimsOf(state: IssuerState, facts: TokenFields, options: Settings): Claims {
  const { provider, scopes, audience, expiresAt } = facts
  const times = { iat: facts.issuedAt, ...(expiresAt === null ? {} : { exp: expiresAt }) }
  const bound = options.confirmation === undefined ? {} : { cnf: options.confirmation }
  const scope = scopes.join(' ')
  switch (provider) {
    case 'clerk': {
      const iss = state.endpoints.clerk
      const aud = options.audience === undefined || options.audience === null ? {} : { aud: audience }
      return {
        iss,
        sub: facts.subject,
        jti: facts.id,
        nbf: facts.issuedAt,
        ...times,
        ...aud,
        ...facts.extraClaims,
      }
    }
    case 'stytch': {
      const aud = audience.length === 0 ? {} : { aud: audience }
      const iss = `stytch.com/${state.stytch.projectId}`
      return { iss, sub: facts.subject, ...aud, scope, nbf: facts.issuedAt, ...times, ...bound }
    }
    default: {
      const aud = audience.length === 0 ? {} : { aud: audience.length === 1 ? audience[0] : audience }
      const granted = scope === '' ? {} : { scope }
      const who = { sub: facts.subject, client_id: facts.clientId }
      return { iss: state.endpoints[provider], ...who, ...aud, ...granted, jti: facts.id, ...times, ...bound }
    }
  }
}

/** At Clerk, scopes and a binding are claims that the sender adds. */
function extraClaimsOf(provider: ProviderName, options: Settings): Claims {
  if (provider !== 'clerk') return { ...options.claims }
  const scopes = words(options.scopes ?? [])
  return withOverrides(
    {
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
      ...(options.confirmation === undefined ? {} : { cnf: options.confirmation }),
    },
    options.claims,
  )
}

function clientOf(state: IssuerState, provider: ProviderName): string {
  switch (provider) {
    case 'oauth':
      return state.oauth.client.clientId
    case 'clerk':
      return state.clerk.machines.sender.id
    case 'stytch':
      return state.stytch.client.clientId
    case 'authlete':
      return state.authlete.clientId
  }
}

function audienceOf(
  state: IssuerState,
  provider: ProviderName,
  clientId: string,
): string | readonly string[] {
  if (provider === 'stytch') return state.stytch.projectId
  if (provider !== 'clerk') return state.audience
  // A machine of the instance has its own grants; one that a test makes up may call the receiver.
  const { receiver, sender, stranger } = state.clerk.machines
  return [receiver, sender, stranger].find(({ id }) => id === clientId)?.scopes ?? receiver.id
}

/** Whole seconds, as issuers write times, unless a fraction was asked for. */
function wholeUnless(duration: number, now: number): number {
  return Number.isInteger(duration) ? Math.floor(now) : now
}

function words(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? splitWords(value) : value
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}

function withOverrides(usual: Claims, overrides: Claims | undefined): Claims {
  const merged = { ...usual, ...overrides }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined))
}
