import { Introspector } from '../../introspection/introspector.js'
import type { SignatureVerifier } from '../../jwt/signature.js'
import { explain } from '../../model/detail/explain.js'
import { createCause, Refusal } from '../../model/refusal/refusal.js'
import type { KeySet } from '../../model/key/verification-key.js'
import type { Transport } from '../../http/transport/transport.js'
import type { Clock } from '../../util/clock.js'
import { Authorizer, type AuthorizerSettings } from '../authorizer.js'
import type { ConnectedIssuer } from '../connection/issuer-connection.js'
import { cacheOption, createTokenCache } from '../token-cache.js'
import { createRouter, type TenantTargets } from '../token-router.js'
import { TokenResolver } from '../token-resolver.js'
import { isRefusal } from '../../model/refusal/refusal.js'

/** Conditions of an explanation that differ from those of a request. */
export interface ExplanationConditions {
  /** Seconds that are added to the time with which the times of a token are compared. */
  readonly shiftSeconds: number
  /** Whether no issuer is called. A check that needs a call is skipped, and the outcome is undecidable. */
  readonly isOffline: boolean
  /** Lower-case name of the header with the bare token; `undefined` for `Authorization: Bearer`. */
  readonly header: string | undefined
}

/** Parts of a verifier from which {@link authorizerUnder} creates another authorizer. */
export interface VerifierParts extends Omit<AuthorizerSettings, 'resolver'> {
  readonly connected: readonly ConnectedIssuer[]
  readonly verifySignature: SignatureVerifier
}

/**
 * Creates an authorizer with the issuers and settings of a verifier, for other conditions. It has a token cache of its own,
 * because its results must not be used for requests. The clock of the keys is not shifted.
 */
export function authorizerUnder(
  { connected, verifySignature, ...settings }: VerifierParts,
  { shiftSeconds, isOffline }: Omit<ExplanationConditions, 'header'>,
): Authorizer {
  const clock = shifted(settings.clock, shiftSeconds)
  const issuers = isOffline ? connected.map((issuer) => offline(issuer, clock)) : connected
  const router = createRouter(
    issuers.map((target) => ({ issuer: target.issuer, target, tenants: target.tenants })),
  )
  const cache = createTokenCache(cacheOption.read('cache', undefined))
  const { toleranceSeconds } = settings
  const revocations = settings.revocations?.shiftedBy(shiftSeconds)
  const resolver = new TokenResolver({ router, cache, clock, toleranceSeconds, verifySignature, revocations })
  return new Authorizer({ ...settings, clock, resolver, revocations })
}

function shifted(clock: Clock, seconds: number): Clock {
  return {
    now: () => clock.now() + seconds,
    elapsed: (now) => clock.elapsed(now === undefined ? undefined : now - seconds),
  }
}

const OFFLINE = createCause('no issuer is called')

/** Whether a refusal only says that a check needs a call, and that no issuer is called. */
export function isOffline(refusal: Refusal | undefined): boolean {
  return refusal?.cause === OFFLINE
}

function offline(connected: ConnectedIssuer, clock: Clock): ConnectedIssuer {
  const { issuer, keys, tenants } = connected
  const source = issuer.jwt?.keys?.kind
  const areConfigured = source === 'static' || source === 'pem'
  return {
    ...connected,
    keys: keys === undefined || areConfigured ? keys : OFFLINE_KEYS,
    remote: issuer.remote === undefined ? undefined : offlineIntrospector(connected, clock),
    tenants: tenants === undefined ? undefined : offlineTenants(tenants, clock),
  }
}

function offlineTenants(
  tenants: TenantTargets<ConnectedIssuer>,
  clock: Clock,
): TenantTargets<ConnectedIssuer> {
  return {
    ...tenants,
    findByIss(iss) {
      const found = tenants.findByIss(iss)
      return found === undefined || isRefusal(found) ? found : offline(found, clock)
    },
  }
}

const refuseKeys = (): Refusal =>
  new Refusal('keys_unavailable', { cause: OFFLINE, detail: explain('keys_unavailable', 'offline', {}) })

const OFFLINE_KEYS: KeySet = {
  find: refuseKeys,
  ensureUsable: refuseKeys,
  explainUnknown: () => () => '',
  load: () => Promise.resolve(refuseKeys()),
  size: () => 0,
  health: () => ({ status: 'down' }),
}

const NO_TRANSPORT: Transport = {
  send: () => Promise.reject(OFFLINE),
  close: () => undefined,
}

function offlineIntrospector({ issuer }: ConnectedIssuer, clock: Clock): Introspector | undefined {
  if (issuer.remote === undefined) return undefined
  const refusal = new Refusal('issuer_unavailable', {
    cause: OFFLINE,
    detail: explain('issuer_unavailable', 'offline', {}),
  })
  return new Introspector(issuer.remote, () => refusal, clock, {
    transport: NO_TRANSPORT,
    tell: () => undefined,
    warnOnce: () => undefined,
    reportCall: (_call, send) => send(),
    opaquePrefix: undefined,
    jwtIssuer: undefined,
  })
}
