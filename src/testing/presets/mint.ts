import { randomUUID } from 'node:crypto'
import { withoutUndefined, wordsOf, wholeUnless } from '../values.js'
import { signJwt, type SigningAlgorithm } from '../state/signing-keys.js'
import { nowSeconds, type IssuerState } from '../state/state.js'
import type { TokenRecord } from '../state/token-store.js'
import { MACHINES, type PresetName } from './names.js'
import { issuerClaim, SHAPES } from './shapes.js'

type Members = Readonly<Record<string, unknown>>

/** Options of `mintJwt` that have been read: durations are in seconds. */
interface PresetMintSettings {
  readonly preset: PresetName
  readonly person: boolean
  readonly age: number
  readonly expiresIn: number | null
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scopes: string | readonly string[] | undefined
  readonly audience: string | readonly string[] | null | undefined
  readonly claims: Members | undefined
  readonly confirmation: Members | undefined
  readonly header: Members | undefined
  readonly algorithm: SigningAlgorithm | undefined
  readonly kid: string | undefined
}

/** Creates and stores a JWT in the form of a preset's tokens. */
export function mintPresetJwt(state: IssuerState, options: PresetMintSettings): TokenRecord {
  const { preset, age, expiresIn, audience = defaultAudience(state, preset), person } = options
  const shape = SHAPES[preset]
  const client = options.clientId ?? MACHINES[preset]
  const scopes = wordsOf(options.scopes ?? [])
  if (scopes.length > 0 && !shape.hasScopes) {
    throw new TypeError(
      `tokens of ${preset} have no scopes. Set claims, and scopeClaims in the options of ${preset}`,
    )
  }
  const now = nowSeconds(state)
  const issuedAt = wholeUnless(age, now) - age
  const expiresAt = expiresIn === null ? null : wholeUnless(expiresIn, now) + expiresIn
  const id = randomUUID()
  const { [person ? 'person' : 'machine']: claimsOf } = shape
  const claims = withoutUndefined({
    ...issuerClaim(preset),
    ...(audience === null ? {} : { aud: audience }),
    ...claimsOf({ client, scopes, audience: audience ?? undefined }),
    ...(options.subject === undefined ? {} : { sub: options.subject }),
    jti: id,
    iat: issuedAt,
    ...(expiresAt === null ? {} : { exp: expiresAt }),
    ...(options.confirmation === undefined ? {} : { cnf: options.confirmation }),
    ...options.claims,
  })
  const key = state.keys[preset].signingKey(options.algorithm, options.kid)
  const header = withoutUndefined({ alg: key.algorithm, kid: key.kid, ...shape.header, ...options.header })
  return state.tokens.add({
    value: signJwt(key, header, claims),
    id,
    provider: preset,
    format: 'jwt',
    clientId: client,
    subject: String(claims['sub']),
    scopes,
    audience: [audience ?? []].flat(),
    issuedAt,
    expiresAt,
    header,
    claims,
    extraClaims: { ...options.claims },
    revoked: false,
    revocationReason: null,
    updatedAt: now,
  })
}

/** Access tokens of Cognito have no `aud`. */
function defaultAudience(state: IssuerState, preset: PresetName): string | null {
  return preset === 'cognito' ? null : state.audience
}
