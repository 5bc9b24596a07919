import { hash } from 'node:crypto'

/**
 * The SHA-256 of a token: what a token is remembered under, so that no cache holds the token. One character for
 * each byte, because a text half as long as hex is made and looked up sooner.
 */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'binary')
}

/** The part of a {@link tokenDigest} that may be shown: its first 16 hex digits. */
export function fingerprintOf(digest: string): string {
  let fingerprint = ''
  for (let index = 0; index < 8; index += 1) fingerprint += HEX[digest.charCodeAt(index)] ?? ''
  return fingerprint
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
