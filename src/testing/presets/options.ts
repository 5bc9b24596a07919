import type {
  Auth0Options,
  CloudflareAccessOptions,
  CognitoOptions,
  EntraOptions,
  GithubActionsOptions,
  GitlabOptions,
  GoogleOptions,
  KeycloakOptions,
  KubernetesOptions,
  OktaOptions,
  SpiffeOptions,
} from '../../providers/presets/index.js'
import { mergeOptions, type OptionOverrides } from '../issuer-options.js'
import type { IssuerState } from '../state/state.js'
import { CLUSTER, MACHINES, ROLES_CLIENT, TENANT, TRUST_DOMAIN, USER_POOL, type PresetName } from './names.js'
import { createPresetFetch } from './server.js'

/** Options of each preset. */
interface OptionsOf {
  readonly auth0: Auth0Options
  readonly cloudflareAccess: CloudflareAccessOptions
  readonly cognito: CognitoOptions
  readonly entra: EntraOptions
  readonly githubActions: GithubActionsOptions
  readonly gitlab: GitlabOptions
  readonly google: GoogleOptions
  readonly keycloak: KeycloakOptions
  readonly kubernetes: KubernetesOptions
  readonly okta: OktaOptions
  readonly spiffe: SpiffeOptions
}

/**
 * Creates the options for the presets of `m2m-guard/issuers`. The issuers have names of the vendor's form, such as
 * `https://test.eu.auth0.com/`; the option `fetch` sends requests for their keys to the test issuer. `extra` adds or replaces
 * options; `undefined` removes one.
 *
 * The options name the default machine of `mintJwt({ preset })`. Name another one with `clientId`, in the form of the options:
 * an e-mail address for `google`, a repository for `githubActions`.
 *
 * @example
 * ```ts
 * const verifier = createVerifier({ issuers: [entra(issuer.entra())] })
 * await verifier.verify(issuer.mintJwt({ preset: 'entra', scopes: 'Orders.Read' }))
 * ```
 */
export type PresetOptionBuilders = {
  readonly [Name in keyof OptionsOf]: (extra?: OptionOverrides<OptionsOf[Name]>) => OptionsOf[Name]
}

/** Creates {@link PresetOptionBuilders}, and the `fetch` functions by which a verifier's issuers are recognized. */
export function presetOptionBuilders(state: IssuerState): {
  readonly builders: PresetOptionBuilders
  readonly fetches: ReadonlyMap<unknown, PresetName>
} {
  const fetches = new Map<unknown, PresetName>()
  const defaults = defaultOptions(state.audience)
  const builder = <Name extends PresetName>(preset: Name): PresetOptionBuilders[Name] => {
    const fetch = createPresetFetch(state, preset)
    fetches.set(fetch, preset)
    return ((extra: OptionOverrides<OptionsOf[Name]> = {}) =>
      mergeOptions<OptionsOf[Name]>({ ...defaults[preset], fetch }, extra)) as PresetOptionBuilders[Name]
  }
  return {
    fetches,
    builders: {
      auth0: builder('auth0'),
      cloudflareAccess: builder('cloudflareAccess'),
      cognito: builder('cognito'),
      entra: builder('entra'),
      githubActions: builder('githubActions'),
      gitlab: builder('gitlab'),
      google: builder('google'),
      keycloak: builder('keycloak'),
      kubernetes: builder('kubernetes'),
      okta: builder('okta'),
      spiffe: builder('spiffe'),
    },
  }
}

function defaultOptions(audience: string): OptionsOf {
  return {
    auth0: { domain: 'test.eu.auth0.com', audience },
    cloudflareAccess: { team: 'test', audience, serviceTokens: [MACHINES.cloudflareAccess] },
    cognito: { region: 'eu-central-1', userPoolId: USER_POOL, clients: [MACHINES.cognito] },
    entra: { tenant: TENANT, audience },
    githubActions: { audience, repositories: [MACHINES.githubActions] },
    gitlab: { audience, projects: [MACHINES.gitlab] },
    google: { audience, serviceAccounts: [MACHINES.google] },
    keycloak: { url: 'https://keycloak.test', realm: 'test', audience, clientRoles: ROLES_CLIENT },
    kubernetes: { audience, serviceAccounts: [MACHINES.kubernetes], issuer: CLUSTER },
    okta: { domain: 'test.okta.com', authorizationServer: 'default', audience },
    spiffe: {
      trustDomain: TRUST_DOMAIN,
      audience,
      ids: [MACHINES.spiffe],
      jwksUri: `https://spire.${TRUST_DOMAIN}/keys`,
    },
  }
}
