import type { Issuer } from '../model/issuer/issuer.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { optional, restricting, type TableOf } from '../options/reader.js'
import { maxTenantsOption, tenantsOption, type Tenants } from '../options/tenants.js'
import {
  parseUrlTemplate,
  TEMPLATE_EXPECTATION,
  TENANT_PLACEHOLDER,
  urlOfTenant,
  type UrlTemplate,
} from '../util/url/url-template.js'

/** Options of an issuer with tenants. */
export interface TenantOptions {
  /**
   * Accepted tenants: the values of `{tenant}` in `issuer`, compared exactly. Required if `issuer` has `{tenant}`.
   *
   * A list has 1 to 1,000 tenants. A function is called once per request, before anything is fetched, with the tenant of an
   * unverified token; for cached tokens too. Only `true` accepts the tenant. `false` and any other value refuse the token with
   * 401 `issuer_unknown`, an error and a promise with 503 `issuer_unavailable`.
   *
   * @defaultValue none: `issuer` is the `iss` of one issuer
   */
  readonly tenants?: readonly string[] | ((tenant: string) => boolean)
  /**
   * Maximum number of tenants in memory if `tenants` is a function, from 1 to 10,000. The least recently used is evicted
   * first, and its next token loads its keys again. Listed tenants are never evicted.
   *
   * @defaultValue `100`
   */
  readonly maxTenants?: number
}

/** Readers of {@link TenantOptions}. */
export const TENANT_OPTIONS = {
  tenants: restricting(optional(tenantsOption)),
  maxTenants: maxTenantsOption,
} satisfies TableOf<TenantOptions>

/** Settings in which `{tenant}` may occur. */
interface TemplatedSettings {
  readonly issuer: string
  readonly tenants: Tenants | undefined
  readonly maxTenants: number | undefined
  readonly jwksUri: string | undefined
  readonly introspection:
    | {
        readonly endpoint: string | undefined
        readonly opaquePrefix: string | undefined
        readonly authentication: unknown
        readonly clientAssertion: unknown
        readonly assertionAudience: string | undefined
      }
    | undefined
}

/** The templates of an issuer with tenants. Without a template, a document is shared or discovered. */
interface Templates {
  readonly tenants: Tenants
  readonly issuer: UrlTemplate
  readonly jwksUri: UrlTemplate | undefined
  readonly endpoint: UrlTemplate | undefined
}

/**
 * Reads the templates of an issuer.
 *
 * @returns `undefined` for an issuer without tenants.
 * @throws ConfigurationError if the placeholder and `tenants` are not configured together, or the placeholder is not a
 *   path segment.
 */
function readTemplates({
  issuer,
  tenants,
  maxTenants,
  jwksUri,
  introspection,
}: TemplatedSettings): Templates | undefined {
  const endpoint = introspection?.endpoint
  if (tenants === undefined) {
    assertWithoutTemplates({ issuer, jwksUri, 'introspection.endpoint': endpoint })
    if (maxTenants === undefined) return undefined
    throw new ConfigurationError(
      'oauth.maxTenants',
      'has no effect without tenants. Set tenants to a function, or leave it out',
    )
  }
  if (maxTenants !== undefined && typeof tenants !== 'function')
    throw new ConfigurationError(
      'oauth.maxTenants',
      'has no effect with a list of tenants, which all stay in memory. Leave it out, or set tenants to a function',
    )
  if (!issuer.includes(TENANT_PLACEHOLDER))
    throw new ConfigurationError(
      'oauth.tenants',
      "requires an issuer with {tenant}, such as issuer: 'https://login.example.com/{tenant}/v2.0'. " +
        'Leave tenants out for a single issuer',
    )
  const templates = {
    tenants,
    issuer: readTemplate('oauth.issuer', issuer),
    jwksUri: readOptionalTemplate('oauth.jwksUri', jwksUri),
    endpoint: readOptionalTemplate('oauth.introspection.endpoint', endpoint),
  }
  assertAssertionAudience(introspection, hasSharedEndpoint(endpoint, templates))
  if (introspection?.opaquePrefix !== undefined && !hasSharedEndpoint(endpoint, templates))
    throw new ConfigurationError(
      'oauth.introspection.opaquePrefix',
      'requires an introspection.endpoint without {tenant} if the issuer has tenants, because an opaque token names no ' +
        'tenant. Set that endpoint, or leave opaquePrefix out',
    )
  return templates
}

/** Refuses client assertions to a shared endpoint without a configured audience, because the issuer is then a template. */
function assertAssertionAudience(introspection: TemplatedSettings['introspection'], isShared: boolean): void {
  if (!isShared || introspection?.authentication !== 'private_key_jwt') return
  if (introspection.assertionAudience !== undefined || introspection.clientAssertion !== undefined) return
  throw new ConfigurationError(
    'oauth.introspection.assertionAudience',
    "is required with tenants, authentication: 'private_key_jwt' and an introspection.endpoint without {tenant}, because " +
      'its default is the issuer, which is a template. Set it to the value that the endpoint expects in aud',
  )
}

const ANY_BRACES = /[{}]/

function assertWithoutTemplates(urls: Readonly<Record<string, string | undefined>>): void {
  for (const [name, url] of Object.entries(urls)) {
    if (url === undefined || !ANY_BRACES.test(url)) continue
    throw new ConfigurationError(
      `oauth.${name}`,
      'has a placeholder, and tenants is not set. Write {tenant} in issuer, and set tenants to a list of the accepted ' +
        'tenants or a function',
    )
  }
}

function readTemplate(option: string, url: string): UrlTemplate {
  const template = parseUrlTemplate(url)
  if (template === undefined) throw new ConfigurationError(option, TEMPLATE_EXPECTATION)
  return template
}

function readOptionalTemplate(option: string, url: string | undefined): UrlTemplate | undefined {
  return url === undefined || !ANY_BRACES.test(url) ? undefined : readTemplate(option, url)
}

function hasSharedEndpoint(endpoint: string | undefined, templates: Templates): boolean {
  return endpoint !== undefined && templates.endpoint === undefined
}

/**
 * Creates the issuer of the settings. For a template, it is an issuer with tenants.
 *
 * @param describe - creates an issuer without tenants. `responseIssuer` is the required `iss` of introspection responses;
 *   `undefined` accepts any, because the verifier compares it.
 */
export function withTenants<Settings extends TemplatedSettings>(
  settings: Settings,
  describe: (settings: Settings, responseIssuer: string | undefined) => Issuer,
): Issuer {
  const templates = readTemplates(settings)
  if (templates === undefined) return describe(settings, settings.issuer)
  const { jwt, remote, opaque, ...common } = describe(settings, undefined)
  const isShared = hasSharedEndpoint(settings.introspection?.endpoint, templates)
  return Object.freeze({
    ...common,
    ...(jwt === undefined
      ? {}
      : { jwt: { ...jwt, keys: hasSharedKeys(jwt.keys, templates) ? jwt.keys : null } }),
    ...(isShared && remote !== undefined ? { remote } : {}),
    ...(isShared && opaque !== undefined ? { opaque } : {}),
    tenants: {
      allowed: templates.tenants,
      ...(settings.maxTenants === undefined ? {} : { maxTenants: settings.maxTenants }),
      ...(remote?.readCredential === undefined ? {} : { readCredential: remote.readCredential }),
      describe: (tenant) => {
        const own = settingsOfTenant(settings, templates, tenant)
        return describe(own, own.issuer)
      },
    },
  })
}

function hasSharedKeys(keys: NonNullable<Issuer['jwt']>['keys'], { jwksUri }: Templates): boolean {
  return keys !== null && keys.kind !== 'discovery' && jwksUri === undefined
}

function settingsOfTenant<Settings extends TemplatedSettings>(
  settings: Settings,
  { issuer, jwksUri, endpoint }: Templates,
  tenant: string,
): Settings {
  const { introspection } = settings
  return {
    ...settings,
    issuer: urlOfTenant(issuer, tenant),
    ...(jwksUri === undefined ? {} : { jwksUri: urlOfTenant(jwksUri, tenant) }),
    ...(introspection === undefined || endpoint === undefined
      ? {}
      : { introspection: { ...introspection, endpoint: urlOfTenant(endpoint, tenant) } }),
  }
}
