import { randomBytes, randomUUID } from 'node:crypto'
import { parseDuration, type Duration } from '../options/duration.js'
import { readOptions } from '../options/read-options.js'
import { custom, nullable, optional, withDefault, type Result, type TableOf } from '../options/reader.js'
import { boolean, oneOf, unchecked } from '../options/readers.js'
import { mintPresetJwt } from './presets/mint.js'
import { PRESETS, type PresetName } from './presets/names.js'
import { PROVIDERS, randomString, type ProviderName } from './state/providers.js'
import { signJwt, type SigningAlgorithm } from './state/signing-keys.js'
import { nowSeconds, type IssuerState } from './state/state.js'
import type { TokenRecord } from './state/token-store.js'
import { wholeUnless, withoutUndefined, wordsOf as words } from './values.js'

/** Options of a minted token. Absent options have the provider's defaults. */
export interface MintOptions {
  /**
   * Provider that issues the token.
   *
   * @defaultValue `'oauth'`
   */
  readonly provider?: ProviderName
  /**
   * The `sub` claim.
   *
   * @defaultValue `clientId`
   */
  readonly subject?: string
  /**
   * Client that the token is issued to.
   *
   * @defaultValue the provider's test client; at Clerk the sending machine
   */
  readonly clientId?: string
  /**
   * Granted scopes: a list or a space-separated string. At Clerk, which has no such scopes, the custom claim
   * `scope`.
   */
  readonly scopes?: string | readonly string[]
  /**
   * Audience of the token; `null` omits it. At Clerk the machines that accept the token; a Clerk JWT contains an
   * `aud` claim only if this option is set.
   *
   * @defaultValue the test issuer's audience; at Stytch the project; at Clerk the receiver
   */
  readonly audience?: string | readonly string[] | null
  /**
   * Age of the token: seconds, or `'90s'`, `'15m'`, `'1h'`. A negative age is in the future.
   *
   * @defaultValue `0`
   */
  readonly age?: Duration
  /**
   * Time until expiry: seconds, or `'1h'`. Negative for an expired token; `null` for one that never expires.
   *
   * @defaultValue `'1h'`
   */
  readonly expiresIn?: Duration | null
  /** Claims to add or replace; `undefined` removes a claim. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Key that the token is bound to: the `cnf` claim (RFC 7800). */
  readonly confirmation?: Readonly<Record<string, unknown>>
}

/** Options of `mintJwt`. */
export interface MintJwtOptions extends MintOptions {
  /**
   * Preset of `m2m-guard/issuers` whose form the token has, in place of `provider`. `clientId` names the machine as the
   * options of the preset do: `'acme/billing'` for `githubActions`.
   */
  readonly preset?: PresetName
  /**
   * Whether the token of a preset is that of a person, which the preset refuses. Requires `preset`.
   *
   * @defaultValue `false`
   */
  readonly person?: boolean
  /**
   * Header parameters to add or replace; `undefined` removes one. The signature is always made with the key's
   * algorithm.
   */
  readonly header?: Readonly<Record<string, unknown>>
  /**
   * Signature algorithm. The key is created and published on first use.
   *
   * @defaultValue `'RS256'`
   */
  readonly algorithm?: SigningAlgorithm
  /** Id of the key to sign with, which may have been withdrawn. */
  readonly kid?: string
}

/** Options of `mintOpaque`. */
export interface MintOpaqueOptions extends MintOptions {
  /**
   * Prefix of the token.
   *
   * @defaultValue `mt_` at Clerk, otherwise none
   */
  readonly prefix?: string
}

/** Reads a duration that may be negative, because tests need expired tokens. */
const signedDuration = custom('Duration, may be negative', (option, value) => {
  if (typeof value === 'number' && value < 0) return -parseDuration(option, -value)
  if (typeof value === 'string' && value.startsWith('-')) return -parseDuration(option, value.slice(1))
  return parseDuration(option, value)
})

/**
 * Names are validated, because a misspelt one would have no effect. Values are not, because a test may need an
 * invalid token.
 */
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
  preset: optional(oneOf(PRESETS)),
  person: boolean({ default: false }),
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

/** Properties of a token before it is minted, with all defaults. */
type TokenFields = Omit<
  TokenRecord,
  'provider' | 'value' | 'format' | 'header' | 'claims' | 'revoked' | 'revocationReason' | 'updatedAt'
> & { readonly provider: ProviderName }

/** Creates and stores a JWT. */
export function mintJwt(state: IssuerState, given: MintJwtOptions = {}): TokenRecord {
  const { preset, ...options } = readOptions('mintJwt', given, JWT_OPTIONS, '')
  if (preset !== undefined) {
    if (given.provider !== undefined) throw new TypeError('mintJwt: provider has no effect with preset')
    return mintPresetJwt(state, { ...options, preset })
  }
  if (options.person) throw new TypeError('mintJwt: person requires preset')
  const facts = tokenFieldsOf(state, options)
  const key = state.keys[facts.provider].signingKey(options.algorithm, options.kid)
  const claims = withOverrides(claimsOf(state, facts, options), options.claims)
  const type = facts.provider === 'oauth' || facts.provider === 'authlete' ? 'at+jwt' : 'JWT'
  const category = facts.provider === 'clerk' ? { cat: CLERK_MACHINE_CATEGORY } : {}
  const header = withOverrides({ alg: key.algorithm, typ: type, kid: key.kid, ...category }, options.header)
  return storeToken(state, { ...facts, format: 'jwt', value: signJwt(key, header, claims), header, claims })
}

/** Creates and stores an opaque token. */
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
  // A Clerk token has one owner: its machine.
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

/** Returns the claims in the provider's format. They are also the introspection result of an opaque token. */
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

/** At Clerk, scopes and a binding are custom claims. */
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
  // A machine of the instance has its own grants. An unknown machine may call the receiver.
  const { receiver, sender, stranger } = state.clerk.machines
  return [receiver, sender, stranger].find(({ id }) => id === clientId)?.scopes ?? receiver.id
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}

function withOverrides(usual: Claims, overrides: Claims | undefined): Claims {
  return withoutUndefined({ ...usual, ...overrides })
}
