import type { Issuer } from '../../model/issuer/issuer.js'
import { readOptions } from '../../options/read-options.js'
import { optional, restricting, type TableOf } from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { issuerUrlWithoutQuery } from '../../options/url.js'
import { assertNoHeaders, type CommonIssuerOptions } from '../common-options.js'
import {
  fetchOfCluster,
  inCluster,
  issuerOfCluster,
  podHeaders,
  type InClusterOptions,
} from './in-cluster.js'
import { names, requiredAudience } from './names.js'
import { createPreset, INSECURE_HOSTS, PRESET_OPTIONS, type PresetOptions } from './preset.js'
import { claimAmong } from './callers/rules.js'

/** Options of {@link kubernetes}. */
export interface KubernetesOptions extends PresetOptions, Pick<CommonIssuerOptions, 'insecureHosts'> {
  /** Audience that callers request for this API (`audience` of the projected token). */
  readonly audience: string | readonly string[]
  /** Service accounts that may call, as `'namespace/name'`. Required, because every pod has a token of the cluster. */
  readonly serviceAccounts: string | readonly string[]
  /**
   * Issuer of the cluster (`--service-account-issuer`), whose discovery document is then public.
   *
   * @defaultValue the issuer of the pod's own token
   */
  readonly issuer?: string
  /**
   * Whether the keys are fetched from the API server of the cluster that this pod runs in, with the pod's token and the
   * cluster's CA. An object sets the address and the files.
   *
   * @defaultValue `true`, or `false` if `issuer` is set
   */
  readonly inCluster?: boolean | InClusterOptions
}

/** Readers of {@link KubernetesOptions}. */
export const KUBERNETES_OPTIONS = {
  ...PRESET_OPTIONS,
  ...INSECURE_HOSTS,
  audience: requiredAudience,
  serviceAccounts: names(
    /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/,
    "a service account with its namespace, such as 'billing/invoices'",
  ),
  issuer: restricting(optional(nonEmptyString)),
  inCluster,
} satisfies TableOf<KubernetesOptions>

/** Beginning of `sub`, before the namespace and the name. */
const SUBJECT_PREFIX = 'system:serviceaccount:'

/**
 * Creates the issuer of service account tokens of a Kubernetes cluster. Only the named service accounts are accepted; all
 * others get 401 `claim_invalid`. `clientId` is `namespace/name`.
 *
 * In a pod no further option is required: the pod's token is read for each fetch of the keys, and sent only to the API
 * server, whose certificate is verified with the cluster's CA. A custom `fetch` replaces that connection.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const issuer = kubernetes({
 *   issuer: 'https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF',
 *   audience: 'https://orders.internal',
 *   serviceAccounts: ['billing/invoices'],
 * })
 * ```
 */
export function kubernetes(options: KubernetesOptions): Issuer {
  const settings = readOptions('kubernetes', options, KUBERNETES_OPTIONS)
  const { audience, serviceAccounts, inCluster: cluster } = settings
  const subjects = serviceAccounts.map((account) => SUBJECT_PREFIX + account.replace('/', ':'))
  const common = {
    name: 'kubernetes',
    given: options,
    claims: settings.claims,
    rule: claimAmong('sub', 'serviceAccounts', subjects),
    clientOf: (subject: string) => subject.slice(SUBJECT_PREFIX.length).replace(':', '/'),
  }
  if (cluster === undefined) {
    const issuer = issuerUrlWithoutQuery.read('kubernetes.issuer', settings.issuer, settings)
    return createPreset({ ...common, oauth: { issuer, audience } })
  }
  const issuer = settings.issuer ?? issuerOfCluster(cluster)
  if (settings.keys !== undefined) assertNoHeaders('kubernetes', 'inCluster', settings.keys)
  const url = `${cluster.apiServer}/openid/v1/jwks`
  return createPreset({
    ...common,
    oauth: { issuer, audience, jwksUri: url, fetch: fetchOfCluster(cluster) },
    jwt: ({ keys }) => ({ keys: keys?.kind === 'remote' ? { ...keys, headers: podHeaders(cluster) } : keys }),
  })
}
