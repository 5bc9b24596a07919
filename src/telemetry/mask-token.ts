import { base64Copies } from '../util/base64-copies.js'
import { maskSecrets } from './request-path.js'

/** Matches what may be a part of a base64 copy: as many characters as a recognized part of a secret has. */
const LONG_RUN = /[A-Za-z0-9+/_-]{20}/

/** Masks a token in a detail, also in part, in base64, and as a part of a string in base64. */
export function maskTokenIn(detail: string, token: string): string {
  const masked = maskSecrets(detail, [token])
  if (!LONG_RUN.test(masked)) return masked
  return base64Copies(token).reduce((line, copy) => maskSecrets(line, [copy]), masked)
}
