import { certificateAdvice } from '../util/tls/certificate-failure.js'

/** What to do about a failed fetch, by its message. The first match applies. */
const ADVICE: readonly (readonly [failure: RegExp, advice: string])[] = [
  [/\((?:ENOTFOUND|EAI_\w+)\)/, 'Check the host name, and the DNS of this machine'],
  [/has no certificate|cannot be read/, 'Check the file, and the option that names it'],
  [/^no response/, 'Check the port, the firewall and the proxy'],
  [/^no complete response/, 'Check the network and the proxy, or set a longer deadline'],
  [/names the issuer|has no issuer/, 'Check the option issuer'],
  [/\bstatus 3\d\d\b/, 'Redirects are not followed. Configure the URL to which it redirects'],
  [/\bstatus (?:408|429|5\d\d)\b/, 'The issuer fails or is overloaded. Check its status page'],
  [
    /\bstatus 40[13] from \S+\/openid\/v1\/jwks/,
    'The service account of this pod needs the role system:service-account-issuer-discovery. Check inCluster.tokenFile',
  ],
  [
    /\bstatus 4\d\d\b/,
    'Check the URL in the configuration: issuer, jwksUri or the endpoint of the introspection',
  ],
  [/jwks_uri/, 'Set the option jwksUri'],
  [
    /no usable key/,
    'The issuer must publish a public signature key. Check that the URL is that of its key set',
  ],
  [
    /not a JSON object|no list of keys|HTML/,
    'Check that the URL is that of the issuer, and that no proxy or login page responds',
  ],
]

/** Returns what to do about a failure of an issuer; an empty string if its message already contains it. */
export function adviceFor(failure: string): string {
  if (failure.includes('set the option')) return ''
  const certificate = certificateAdvice(failure)
  if (certificate !== undefined) return `${certificate}; for kubernetes, inCluster.caFile`
  return ADVICE.find(([pattern]) => pattern.test(failure))?.[1] ?? 'Check the issuer'
}
