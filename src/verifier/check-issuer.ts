import { ASYMMETRIC_ALGORITHMS } from '../keys/jwk.js'
import { readPem, readStaticJwks } from '../keys/pem.js'
import type { Issuer } from '../model/issuer/issuer.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { Siblings } from '../options/reader.js'
import { nonEmptyString, stringList } from '../options/readers.js'
import { maxTenantsOption, tenantsOption } from '../options/tenants.js'
import { insecureHosts, secureUrl } from '../options/url.js'
import { parseUrlTemplate, TEMPLATE_EXPECTATION } from '../util/url/url-template.js'
import { isRecord } from '../util/members.js'

type Properties = Readonly<Record<string, unknown>>

/**
 * Checks an issuer, which may be custom and written in JavaScript: the security rules of the built-in issuers hold for it
 * too.
 *
 * @throws ConfigurationError that names the property that is missing or invalid.
 */
export function assertIssuer(where: string, issuer: unknown): asserts issuer is Issuer {
  if (!isRecord(issuer) || typeof issuer['name'] !== 'string' || typeof issuer['provider'] !== 'string') {
    throw new ConfigurationError(
      where,
      'must be an issuer. Create one with oauth({ ... }), clerk({ ... }), stytch({ ... }), authlete({ ... }) or a preset of m2m-guard/issuers',
    )
  }
  nonEmptyString.read(`${where}.name`, issuer['name'])
  nonEmptyString.read(`${where}.provider`, issuer['provider'])
  const { jwt, opaque, remote, audience, validateToken, tenants } = issuer
  const siblings = { insecureHosts: insecureHosts.read(`${where}.insecureHosts`, issuer['insecureHosts']) }
  if (audience !== null && !(Array.isArray(audience) && audience.length > 0)) {
    throw new ConfigurationError(
      `${where}.audience`,
      'must be a list of at least one audience, or null to disable the check',
    )
  }
  if (audience !== null) stringList.read(`${where}.audience`, audience)
  assertFunction(`${where}.scopeMatcher`, issuer['scopeMatcher'])
  if (validateToken !== undefined) assertFunction(`${where}.validateToken`, validateToken)
  if (jwt === undefined && opaque === undefined) {
    throw new ConfigurationError(where, 'must accept JWTs or opaque tokens. Set jwt or opaque')
  }
  if (tenants !== undefined) assertTenants(where, tenants, issuer)
  const missingRemote = remote === undefined && tenants === undefined ? `${where}.remote` : undefined
  if (jwt !== undefined)
    assertJwt(`${where}.jwt`, jwt, { missingRemote, hasTenants: tenants !== undefined, siblings })
  if (opaque !== undefined) assertOpaque(where, opaque, remote)
  if (remote !== undefined) assertRemote(`${where}.remote`, remote, { name: issuer['name'], jwt, siblings })
}

/** Checks the tenants, except the issuers that `describe` returns later. */
function assertTenants(where: string, tenants: unknown, { name, jwt, remote }: Properties): void {
  if (!isRecord(tenants)) throw new ConfigurationError(`${where}.tenants`, 'must be an object')
  tenantsOption.read(`${where}.tenants.allowed`, tenants['allowed'])
  maxTenantsOption.read(`${where}.tenants.maxTenants`, tenants['maxTenants'])
  assertFunction(`${where}.tenants.describe`, tenants['describe'])
  if (tenants['readCredential'] !== undefined)
    assertFunction(`${where}.tenants.readCredential`, tenants['readCredential'])
  if (tenants['templates'] !== undefined) {
    const option = `${where}.tenants.templates`
    for (const template of stringList.read(option, tenants['templates']))
      if (parseUrlTemplate(template) === undefined) throw new ConfigurationError(option, TEMPLATE_EXPECTATION)
  }
  if (parseUrlTemplate(String(name)) === undefined)
    throw new ConfigurationError(`${where}.name`, TEMPLATE_EXPECTATION)
  if (!isRecord(jwt))
    throw new ConfigurationError(`${where}.jwt`, 'is required, because JWTs are routed to tenants by iss')
  const { keys } = jwt
  if (isRecord(keys) && keys['kind'] === 'discovery')
    throw new ConfigurationError(
      `${where}.jwt.keys`,
      "must not have the kind 'discovery', because a template has no discovery document. Use null for keys of each tenant",
    )
  if (isRecord(remote) && remote['endpoint'] === 'discovered')
    throw new ConfigurationError(
      `${where}.remote.endpoint`,
      'must be a URL that all tenants share. Leave remote out for endpoints of each tenant',
    )
}

function assertJwt(
  where: string,
  jwt: unknown,
  {
    missingRemote,
    hasTenants,
    siblings,
  }: {
    readonly missingRemote: string | undefined
    readonly hasTenants: boolean
    readonly siblings: Siblings
  },
): void {
  if (!isRecord(jwt)) throw new ConfigurationError(where, 'must be an object')
  const { issuers, checked, keys } = jwt
  if (issuers !== null) stringList.read(`${where}.issuers`, issuers)
  const { subjectPrefix } = jwt
  if (subjectPrefix !== undefined) nonEmptyString.read(`${where}.subjectPrefix`, subjectPrefix)
  if (subjectPrefix !== undefined && issuers !== null) {
    throw new ConfigurationError(`${where}.subjectPrefix`, 'has no effect with issuers. Set issuers to null')
  }
  if (checked !== 'local' && checked !== 'remote') {
    throw new ConfigurationError(`${where}.checked`, "must be 'local' or 'remote'")
  }
  if (checked === 'local' && !isRecord(keys) && !hasTenants) {
    throw new ConfigurationError(`${where}.keys`, "is required because jwt.checked is 'local'")
  }
  if (checked === 'remote' && missingRemote !== undefined) {
    throw new ConfigurationError(missingRemote, "is required because jwt.checked is 'remote'")
  }
  // RFC 8725 section 3.1: with a symmetric algorithm, everyone who knows the public key could sign.
  for (const algorithm of stringList.read(`${where}.algorithms`, jwt['algorithms'])) {
    if (ASYMMETRIC_ALGORITHMS.includes(algorithm)) continue
    throw new ConfigurationError(
      `${where}.algorithms`,
      `must name asymmetric signature algorithms only: ${ASYMMETRIC_ALGORITHMS.join(', ')}`,
    )
  }
  assertFunction(`${where}.validateHeader`, jwt['validateHeader'])
  assertFunction(`${where}.readClaims`, jwt['readClaims'])
  if (isRecord(keys)) assertKeys(`${where}.keys`, keys, siblings)
}

function assertKeys(where: string, keys: Properties, siblings: Siblings): void {
  const { headers } = keys
  if (headers !== undefined) assertFunction(`${where}.headers`, headers)
  switch (keys['kind']) {
    case 'remote':
      secureUrl.read(`${where}.url`, keys['url'], siblings)
      return
    case 'discovery':
      secureUrl.read(`${where}.issuer`, keys['issuer'], siblings)
      return
    case 'static':
      readStaticJwks(`${where}.jwks`, keys['jwks'])
      return
    case 'pem':
      readPem(`${where}.pem`, keys['pem'])
      return
    default:
      throw new ConfigurationError(`${where}.kind`, "must be 'static', 'pem', 'remote' or 'discovery'")
  }
}

function assertOpaque(where: string, opaque: unknown, remote: unknown): void {
  if (!isRecord(opaque)) throw new ConfigurationError(`${where}.opaque`, 'must be an object')
  if (opaque['prefix'] !== null) nonEmptyString.read(`${where}.opaque.prefix`, opaque['prefix'])
  if (remote === undefined) {
    throw new ConfigurationError(
      `${where}.remote`,
      'is required because opaque is set: opaque tokens are verified by introspection',
    )
  }
}

function assertRemote(
  where: string,
  remote: unknown,
  { name, jwt, siblings }: { readonly name: string; readonly jwt: unknown; readonly siblings: Siblings },
): void {
  if (!isRecord(remote)) throw new ConfigurationError(where, 'must be an object')
  assertFunction(`${where}.request`, remote['request'])
  assertFunction(`${where}.read`, remote['read'])
  for (const member of ['readCredential', 'discoveryHeaders'] as const) {
    if (remote[member] !== undefined) assertFunction(`${where}.${member}`, remote[member])
  }
  if (remote['endpoint'] !== 'discovered') {
    secureUrl.read(`${where}.endpoint`, remote['endpoint'], siblings)
    return
  }
  const keys = isRecord(jwt) ? jwt['keys'] : undefined
  if (!isRecord(keys) || keys['kind'] !== 'discovery') {
    secureUrl.read(discoveryOptionOf(where), name, siblings)
  }
}

/** The option with the discovery URL: the issuer's name, because no other URL is configured. */
function discoveryOptionOf(where: string): string {
  return where.replace(/\.remote$/, '.name')
}

function assertFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw new ConfigurationError(where, 'must be a function')
}
