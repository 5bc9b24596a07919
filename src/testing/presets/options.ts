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

/**
 * Creates the options for the presets of `m2m-guard/issuers`. The issuers have names of the vendor's form, such as
 * `https://test.eu.auth0.com/`; the option `fetch` sends requests for their keys to the test issuer. `extra` adds or replaces
 * options; `undefined` removes one.
 *
 * The options name the default machine of `mintJwt({ preset })`. Name another one with `clientId`, in the form of the options:
 * an e-mail address for `google`, a repository for `githubActions`.
 */
export interface PresetOptionBuilders {
  /**
   * Creates the options for `auth0`, with an Auth0 tenant as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [auth0(issuer.auth0())] })
   * ```
   */
  auth0(extra?: OptionOverrides<Auth0Options>): Auth0Options
  /**
   * Creates the options for `cloudflareAccess`, with a Cloudflare Access team as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [cloudflareAccess(issuer.cloudflareAccess())] })
   * ```
   */
  cloudflareAccess(extra?: OptionOverrides<CloudflareAccessOptions>): CloudflareAccessOptions
  /**
   * Creates the options for `cognito`, with an Amazon Cognito user pool as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [cognito(issuer.cognito())] })
   * ```
   */
  cognito(extra?: OptionOverrides<CognitoOptions>): CognitoOptions
  /**
   * Creates the options for `entra`, with a Microsoft Entra ID tenant as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [entra(issuer.entra())] })
   * ```
   */
  entra(extra?: OptionOverrides<EntraOptions>): EntraOptions
  /**
   * Creates the options for `githubActions`, with GitHub Actions as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [githubActions(issuer.githubActions())] })
   * ```
   */
  githubActions(extra?: OptionOverrides<GithubActionsOptions>): GithubActionsOptions
  /**
   * Creates the options for `gitlab`, with GitLab.com as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [gitlab(issuer.gitlab())] })
   * ```
   */
  gitlab(extra?: OptionOverrides<GitlabOptions>): GitlabOptions
  /**
   * Creates the options for `google`, with Google as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [google(issuer.google())] })
   * ```
   */
  google(extra?: OptionOverrides<GoogleOptions>): GoogleOptions
  /**
   * Creates the options for `keycloak`, with a Keycloak realm as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [keycloak(issuer.keycloak())] })
   * ```
   */
  keycloak(extra?: OptionOverrides<KeycloakOptions>): KeycloakOptions
  /**
   * Creates the options for `kubernetes`, with a Kubernetes cluster as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [kubernetes(issuer.kubernetes())] })
   * ```
   */
  kubernetes(extra?: OptionOverrides<KubernetesOptions>): KubernetesOptions
  /**
   * Creates the options for `okta`, with an Okta authorization server as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [okta(issuer.okta())] })
   * ```
   */
  okta(extra?: OptionOverrides<OktaOptions>): OktaOptions
  /**
   * Creates the options for `spiffe`, with a SPIFFE trust domain as the issuer.
   *
   * @example
   * ```ts
   * createVerifier({ issuers: [spiffe(issuer.spiffe())] })
   * ```
   */
  spiffe(extra?: OptionOverrides<SpiffeOptions>): SpiffeOptions
}

/** Options of each preset. */
type OptionsOf = { readonly [Name in keyof PresetOptionBuilders]: ReturnType<PresetOptionBuilders[Name]> }

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
