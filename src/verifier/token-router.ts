import { ConfigurationError } from '../options/configuration-error.js'
import {
  decodeJweHeader,
  decodeJwt,
  findUndecodablePart,
  looksLikeJwt,
  mayStartJwt,
  resemblesJwt,
} from '../jwt/decode.js'
import { presentMember } from '../model/claim-path.js'
import { ownMember } from '../util/members.js'
import { assertDistinctTenants } from './tenants/overlap.js'
import type { UrlTemplate } from '../util/url/url-template.js'
import { functionFailure } from '../model/refusal/function-failure.js'
import { isRefusal, type OrRefusal } from '../model/refusal/refusal.js'
import { isBearerToken } from '../bearer/b64token.js'
import { refuseMalformedToken } from '../bearer/malformed.js'
import type { Issuer, UnverifiedJwt } from '../model/issuer/issuer.js'
import {
  refuseEncrypted,
  refuseJwt,
  refuseLenientJwt,
  refuseOpaque,
  refuseUndecodable,
  refuseUnknownIssuer,
} from '../model/detail/routing.js'

/** The issuer and the format of a token. */
export type Route<T> =
  | { readonly kind: 'jwt'; readonly to: T; readonly unverified: UnverifiedJwt }
  | { readonly kind: 'opaque'; readonly to: T }

/** Routes tokens to the issuers of a verifier by structure and configuration alone, without network calls. */
export interface Router<T> {
  /** Finds the route of a token. Refusal `token_malformed`, `token_undecodable` or `issuer_unknown`. */
  route(token: string): OrRefusal<Route<T>>
}

/** The tenants of an issuer. */
export interface TenantTargets<T> {
  /** Templates of `iss`. The first is the name of the issuer. */
  readonly templates: readonly UrlTemplate[]
  /** The accepted tenants; `undefined` if a function decides. */
  readonly listed: readonly string[] | undefined
  /** Finds the tenant that an `iss` names, without network calls; `undefined` if it matches no template. */
  findByIss(iss: string): OrRefusal<T> | undefined
}

/** An issuer to route tokens to. */
export interface RoutedIssuer<T> {
  readonly issuer: Issuer
  readonly target: T
  readonly tenants?: TenantTargets<T> | undefined
}

/**
 * Builds the routing table. An opaque token is routed by its prefix, and a JWT by its exact `iss`, without folding of case
 * or slashes (RFC 8725 section 3.8), or by the prefix of its `sub` if no issuer has its `iss`. An opaque token without a known
 * prefix goes to the one issuer without a prefix. A token that failed as one kind is never tried as the other.
 *
 * @throws ConfigurationError if two issuers could accept the same token.
 */
export function createRouter<T>(issuers: readonly RoutedIssuer<T>[]): Router<T> {
  const byIss = new Map<string, T>()
  const prefixed: { readonly prefix: string; readonly target: T }[] = []
  const recognising: { readonly recognises: (unverified: UnverifiedJwt) => boolean; readonly target: T }[] =
    []
  const bySubject: { readonly prefix: string; readonly target: T }[] = []
  const encrypting = new Set<T>()
  const templated: { readonly tenants: TenantTargets<T>; readonly target: T }[] = []
  let unprefixed: { readonly target: T } | undefined
  let acceptsJwts = false

  issuers.forEach(({ issuer, target, tenants }, index) => {
    const where = `issuers[${index}]`
    const { jwt, opaque } = issuer
    if (jwt !== undefined) {
      acceptsJwts = true
      if (tenants !== undefined) templated.push({ tenants, target })
      else if (jwt.issuers !== null) for (const iss of jwt.issuers) claimIss(where, iss, target)
      else if (jwt.subjectPrefix !== undefined) claimSubjects(where, jwt.subjectPrefix, target)
      else claimUnnamed(where, jwt.recognises, target)
    }
    if (opaque !== undefined) claimOpaque(where, opaque.prefix, target)
    if (opaque?.encrypted === true) encrypting.add(target)
  })

  assertDistinctTenants(issuers)
  const issNames = [
    ...byIss.keys(),
    ...templated.flatMap(({ tenants }) => tenants.templates.map(({ text }) => text)),
  ]
  const prefixes = prefixed.map(({ prefix }) => prefix)

  function claimIss(where: string, iss: string, target: T): void {
    if (byIss.has(iss)) throw ambiguous(where, `JWTs with iss ${JSON.stringify(iss)}`)
    byIss.set(iss, target)
  }

  function claimSubjects(where: string, prefix: string, target: T): void {
    const conflict = bySubject.some(
      (other) => other.prefix.startsWith(prefix) || prefix.startsWith(other.prefix),
    )
    if (conflict) throw ambiguous(where, `JWTs with a sub that begins with ${JSON.stringify(prefix)}`)
    bySubject.push({ prefix, target })
  }

  function claimUnnamed(
    where: string,
    recognises: ((jwt: UnverifiedJwt) => boolean) | undefined,
    target: T,
  ): void {
    if (recognises === undefined)
      throw new ConfigurationError(
        where,
        'must identify its JWTs: set jwt.issuers to its iss values, or jwt.recognises to a function',
      )
    if (recognising.length > 0) throw ambiguous(where, 'JWTs of any iss. Set the issuer option of each')
    recognising.push({ recognises, target })
  }

  function claimOpaque(where: string, prefix: string | null, target: T): void {
    if (prefix === null) {
      if (unprefixed !== undefined)
        throw ambiguous(where, 'opaque tokens without a prefix. Set opaquePrefix for at least one of them')
      unprefixed = { target }
      return
    }
    // The prefix would match the JWTs of every issuer of the verifier, and these would bypass the rules for JWTs.
    if (mayStartJwt(prefix)) {
      throw new ConfigurationError(
        `${where}.opaque.prefix`,
        "must not be a prefix of JWTs. To introspect the JWTs of this issuer, set jwt.checked to 'remote'",
      )
    }
    const conflict = prefixed.find(
      (other) => other.prefix.startsWith(prefix) || prefix.startsWith(other.prefix),
    )
    if (conflict !== undefined)
      throw ambiguous(where, `opaque tokens starting with ${JSON.stringify(prefix)}`)
    prefixed.push({ prefix, target })
  }

  function routeJwt(token: string): OrRefusal<Route<T>> {
    const unverified = decodeJwt(token)
    if (unverified === undefined) return refuseUndecodable(findUndecodablePart(token))
    const iss = ownMember(unverified.claims, 'iss')
    const named = typeof iss === 'string' ? byIss.get(iss) : undefined
    if (named !== undefined) return { kind: 'jwt', to: named, unverified }
    const tenant = typeof iss === 'string' ? findTenant(iss)?.to : undefined
    if (isRefusal(tenant)) return tenant
    if (tenant !== undefined) return { kind: 'jwt', to: tenant, unverified }
    const sub = bySubject.length === 0 ? undefined : ownMember(unverified.claims, 'sub')
    const ofSubject =
      typeof sub === 'string' ? bySubject.find(({ prefix }) => sub.startsWith(prefix)) : undefined
    if (ofSubject !== undefined) return { kind: 'jwt', to: ofSubject.target, unverified }
    const match = findRecognising(unverified)
    if (isRefusal(match)) return match
    if (match === undefined) {
      const subjects = bySubject.map(({ prefix }) => prefix)
      return refuseUnknownIssuer({ iss, sub, issuers: issNames, subjects })
    }
    return { kind: 'jwt', to: match.target, unverified }
  }

  function findRecognising(unverified: UnverifiedJwt): OrRefusal<{ readonly target: T }> | undefined {
    try {
      return recognising.find(({ recognises }) => recognises(unverified))
    } catch (error) {
      return functionFailure('jwt.recognises', error)
    }
  }

  function findTenant(iss: string): { readonly to: OrRefusal<T>; readonly shared: T } | undefined {
    for (const { tenants, target } of templated) {
      const to = tenants.findByIss(iss)
      if (to !== undefined) return { to, shared: target }
    }
    return undefined
  }

  /** Routes an encrypted token, which only an issuer that introspects such tokens can verify. */
  function routeJwe(header: UnverifiedJwt['header']): OrRefusal<Route<T>> {
    // A claim that the header replicates (RFC 7519 section 5.3), so that null counts as absent.
    const iss = presentMember(header, 'iss')
    const to =
      iss === undefined ? unprefixed?.target : typeof iss === 'string' ? findJweTarget(iss) : undefined
    if (isRefusal(to)) return to
    if (to === undefined || !encrypting.has(to)) return refuseEncrypted(iss)
    return { kind: 'opaque', to }
  }

  /** The response names the tenant of a JWE again, so the JWE goes to what all tenants share. */
  function findJweTarget(iss: string): OrRefusal<T> | undefined {
    const named = byIss.get(iss)
    if (named !== undefined) return named
    const tenant = findTenant(iss)
    return isRefusal(tenant?.to) ? tenant.to : tenant?.shared
  }

  return {
    route(token) {
      const isJwt = acceptsJwts && looksLikeJwt(token)
      // The JWT pattern already restricts the characters. The characters of other tokens are checked here.
      if (!isJwt && !isBearerToken(token)) return refuseMalformedToken(token)
      const byPrefix = prefixed.find(({ prefix }) => token.startsWith(prefix))
      if (byPrefix !== undefined) return { kind: 'opaque', to: byPrefix.target }
      if (isJwt) return routeJwt(token)
      const jwe = decodeJweHeader(token)
      if (jwe !== undefined) return routeJwe(jwe)
      // Its issuer may read it as a JWT that it has signed, whose claims could not be applied here.
      if (resemblesJwt(token) && !isReadableJwt(token)) return refuseLenientJwt()
      if (unprefixed === undefined)
        return !acceptsJwts && isReadableJwt(token) ? refuseJwt() : refuseOpaque(token, acceptsJwts, prefixes)
      return { kind: 'opaque', to: unprefixed.target }
    },
  }
}

function ambiguous(where: string, what: string): ConfigurationError {
  return new ConfigurationError(where, `conflicts with an earlier issuer: both would accept ${what}`)
}

function isReadableJwt(token: string): boolean {
  return looksLikeJwt(token) && decodeJwt(token) !== undefined
}
