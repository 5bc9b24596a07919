/** Signature algorithms of RSA keys (RFC 7518 sections 3.3 and 3.5), the default first. */
export const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const

/** Both names of the Ed25519 algorithm (RFC 8037 section 3.1, RFC 9864 section 2.2), the default first. */
export const ED25519_ALGORITHMS = ['EdDSA', 'Ed25519'] as const

/** Curves of EC keys: the `crv` of a JWK, Node's `namedCurve`, and the algorithm (RFC 7518 section 3.4). */
const EC_CURVES = [
  { jwkName: 'P-256', nodeName: 'prime256v1', algorithm: 'ES256' },
  { jwkName: 'P-384', nodeName: 'secp384r1', algorithm: 'ES384' },
  { jwkName: 'P-521', nodeName: 'secp521r1', algorithm: 'ES512' },
] as const

/** Signature algorithms of EC keys. */
export const EC_ALGORITHMS = EC_CURVES.map(({ algorithm }) => algorithm)

/** Returns the algorithms of an EC key with this `crv`; empty for an unknown curve. */
export function algorithmsOfCurve(crv: unknown): readonly EcAlgorithm[] {
  return EC_CURVES.filter(({ jwkName }) => jwkName === crv).map(({ algorithm }) => algorithm)
}

/** Returns the JOSE algorithms of a `node:crypto` key; empty for unsupported types and curves. */
export function algorithmsOfKey(key: {
  readonly asymmetricKeyType?: string | undefined
  readonly asymmetricKeyDetails?: { readonly namedCurve?: string } | undefined
}): readonly ClassicalAlgorithm[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return RSA_ALGORITHMS
  if (type === 'ed25519') return ED25519_ALGORITHMS
  if (type !== 'ec') return []
  return EC_CURVES.filter(({ nodeName }) => nodeName === details?.namedCurve).map(
    ({ algorithm }) => algorithm,
  )
}

type EcAlgorithm = (typeof EC_CURVES)[number]['algorithm']

/** Algorithms of RSA, Ed25519 and EC keys: all except the post-quantum ones. */
type ClassicalAlgorithm = (typeof RSA_ALGORITHMS)[number] | (typeof ED25519_ALGORITHMS)[number] | EcAlgorithm
