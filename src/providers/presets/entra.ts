import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import { custom, described, restricting, type TableOf } from '../../options/reader.js'
import { oneOf } from '../../options/readers.js'
import { tenantsOption, type Tenants } from '../../options/tenants.js'
import { TENANT_PLACEHOLDER } from '../../util/url/url-template.js'
import { audience } from '../common-options.js'
import { names } from './names.js'
import { createPreset, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { isApp } from './callers/entra-app.js'

/** Options of {@link entra}. */
export interface EntraOptions extends PresetOptions {
  /**
   * Ids (GUIDs) of the accepted tenants. Tokens of all other tenants get 401 `issuer_unknown`.
   *
   * A function accepts tenants that are not known at start. It is called once per request with the id of the tenant of an
   * unverified token, in lower case; for cached tokens too. Only `true` accepts the tenant: see `tenants` of `oauth`.
   */
  readonly tenant: string | readonly string[] | ((tenant: string) => boolean)
  /** Audiences of this API: its application id (v2 tokens), and its application id URI `api://…` (v1 tokens). */
  readonly audience: string | readonly string[] | null
  /**
   * Cloud of the tenants: `'usGovernment'` for login.microsoftonline.us, `'china'` for login.partner.microsoftonline.cn.
   *
   * @defaultValue `'global'`: login.microsoftonline.com
   */
  readonly cloud?: 'global' | 'usGovernment' | 'china'
}

const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const tenantIds = names(
  TENANT,
  "the id of a tenant in lower case, such as '72f988bf-86f1-41af-91ab-2d7cd011db47'",
  'Set the id of each tenant, or a function for many tenants. Tokens contain neither the domain of a tenant nor common',
)

/** Hosts of each cloud: that of v2 tokens and keys, and that of v1 tokens. */
const HOSTS = {
  global: ['https://login.microsoftonline.com', 'https://sts.windows.net'],
  usGovernment: ['https://login.microsoftonline.us', 'https://sts.windows.net'],
  china: ['https://login.partner.microsoftonline.cn', 'https://sts.chinacloudapi.cn'],
} as const

/** Readers of {@link EntraOptions}. */
export const ENTRA_OPTIONS = {
  ...PRESET_OPTIONS,
  tenant: described(
    custom<Tenants>('list of strings or function', (option, value) =>
      typeof value === 'function' ? tenantsOption.read(option, value) : tenantIds.read(option, value),
    ),
    { bounds: 'at least one' },
  ),
  audience,
  cloud: restricting(oneOf(['global', 'usGovernment', 'china'], 'global')),
} satisfies TableOf<EntraOptions>

/** Tenants in memory if a function accepts them. They share their keys, so that each takes little memory. */
const MAX_TENANTS = 1000

/**
 * Creates the issuer of tenants of Microsoft Entra ID, for v1 and v2 tokens. Only app-only tokens are accepted; tokens of
 * people get 401 `claim_invalid`. Scopes are the app roles in `roles`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [entra({ tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47', audience: ['api://orders', process.env.APP_ID!] })],
 * })
 * ```
 */
export function entra(options: EntraOptions): Issuer {
  const settings = readOptions('entra', options, ENTRA_OPTIONS)
  const { tenant: tenants } = settings
  const [login, sts] = HOSTS[settings.cloud]
  const isListed = typeof tenants !== 'function'
  // One key set serves v1 and v2. That of `organizations` is that of all tenants, without the keys of personal accounts.
  const [first = '', ...others] = isListed ? tenants : [TENANT_PLACEHOLDER]
  const keysOf = isListed && others.length === 0 ? first : 'organizations'
  return createPreset({
    name: 'entra',
    given: options,
    claims: settings.claims,
    oauth: {
      issuer: `${login}/${first}/v2.0`,
      audience: settings.audience,
      jwksUri: `${login}/${keysOf}/discovery/v2.0/keys`,
      clientClaims: ['azp', 'appid'],
      scopeClaims: ['roles'],
      ...(isListed ? {} : { tenants: (id) => TENANT.test(id) && tenants(id), maxTenants: MAX_TENANTS }),
    },
    rule: isApp,
    templates: [`${sts}/${TENANT_PLACEHOLDER}/`],
    jwt: (_, id = first) => ({
      issuers: (isListed ? tenants : [id]).flatMap((tenant) => [
        `${login}/${tenant}/v2.0`,
        `${sts}/${tenant}/`,
      ]),
    }),
  })
}
