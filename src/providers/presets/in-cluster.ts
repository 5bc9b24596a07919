import { readFileSync } from 'node:fs'
import { fetchWithCa } from '../../http/transport/fetch-with-ca.js'
import { unverifiedPayload } from '../../jwt/payload.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import {
  custom,
  restricting,
  withDefault,
  type Reader,
  type Result,
  type TableOf,
} from '../../options/reader.js'
import { nonEmptyString } from '../../options/readers.js'
import { readOptions } from '../../options/read-options.js'
import { baseUrl } from './names.js'
import { string } from '../../util/members.js'
import { isSecureAddress } from '../../util/url/url.js'

const FILES = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How a pod reaches the API server of its cluster. */
export interface InClusterOptions {
  /**
   * Origin of the API server. The pod's token is sent to it and to no other origin.
   *
   * @defaultValue `'https://kubernetes.default.svc'`
   */
  readonly apiServer?: string
  /**
   * File with the pod's own token. It is read for each fetch of the keys, because Kubernetes replaces it.
   *
   * @defaultValue `/var/run/secrets/kubernetes.io/serviceaccount/token`
   */
  readonly tokenFile?: string
  /**
   * File with the certificates of the cluster's CA, in PEM form. It is read for each fetch of the keys. While it has no
   * certificate, no request is sent.
   *
   * @defaultValue `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`
   */
  readonly caFile?: string
}

/** Reads the origin that gets the pod's token. `insecureHosts` does not apply to it. */
const apiServer: Reader<string> = {
  ...baseUrl,
  read: (option, value) => {
    if (typeof value === 'string' && !isSecureAddress(value, [])) {
      throw new ConfigurationError(option, 'must be an https: URL; http: is for loopback addresses only')
    }
    return baseUrl.read(option, value)
  },
}

/** Readers of {@link InClusterOptions}. */
export const IN_CLUSTER_OPTIONS = {
  apiServer: restricting(withDefault(apiServer, 'https://kubernetes.default.svc')),
  tokenFile: restricting(withDefault(nonEmptyString, `${FILES}/token`)),
  caFile: restricting(withDefault(nonEmptyString, `${FILES}/ca.crt`)),
} satisfies TableOf<InClusterOptions>

/** Validated {@link InClusterOptions}. */
export type InClusterSettings = Result<typeof IN_CLUSTER_OPTIONS>

/** Reads the `inCluster` option. The result is `undefined` if the keys are not those of the API server. */
export const inCluster = restricting(
  custom<InClusterSettings | undefined>(
    { type: 'boolean or object', isOptional: true },
    (option, value, siblings) => {
      const isGiven = siblings?.['issuer'] !== undefined
      if (value === false && !isGiven) {
        throw new ConfigurationError(
          option,
          'must not be false without kubernetes.issuer. Set issuer as well',
        )
      }
      if (value === false || (value === undefined && isGiven)) return undefined
      if (typeof value !== 'object' && value !== true && value !== undefined) {
        throw new ConfigurationError(
          option,
          'must be true, false, or an object with apiServer, tokenFile or caFile',
        )
      }
      return readOptions(option, typeof value === 'object' ? value : {}, IN_CLUSTER_OPTIONS)
    },
  ),
)

/**
 * Reads the issuer of the cluster from the pod's own token, which the cluster has issued.
 *
 * @throws ConfigurationError if there is no such token.
 */
export function issuerOfCluster({ tokenFile }: InClusterSettings): string {
  let text: string
  try {
    text = readFileSync(tokenFile, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || code === 'ENOENT' || code === 'ENOTDIR')
      throw issuerRequired(`is required outside a pod: no service account token was found in ${tokenFile}`)
    throw issuerRequired(`is required because ${tokenFile} cannot be read (${code}). Check its permissions`)
  }
  const issuer = string(unverifiedPayload(text) ?? {}, 'iss')
  if (issuer !== undefined && issuer !== '') return issuer
  throw issuerRequired(`is required because ${tokenFile} exists, but is not a JWT with iss`)
}

function issuerRequired(problem: string): ConfigurationError {
  return new ConfigurationError(
    'kubernetes.issuer',
    `${problem}. Set issuer to the member issuer of the document that ` +
      '`kubectl get --raw /.well-known/openid-configuration` prints',
  )
}

/** Creates the headers of a request for the keys: the pod's current token. */
export function podHeaders({ tokenFile }: InClusterSettings): () => Readonly<Record<string, string>> {
  return () => ({ authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` })
}

/** Creates the `fetch` that sends requests only to a server whose certificate is of the cluster's CA. */
export function fetchOfCluster({ caFile }: InClusterSettings): typeof fetch {
  return fetchWithCa(`kubernetes.inCluster.caFile (${caFile})`, () => readFileSync(caFile, 'utf8'))
}
