import { hash } from 'node:crypto'

/**
 * Returns the SHA-256 of a token: the cache key, so that no cache contains the token. One character per byte, because a
 * string half as long as hex is faster to create and to look up.
 */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'binary')
}

/** Returns the part of a {@link tokenDigest} that may be logged: its first 16 hex digits. */
export function fingerprintOf(digest: string): string {
  let fingerprint = ''
  for (let index = 0; index < 8; index += 1) fingerprint += HEX[digest.charCodeAt(index)] ?? ''
  return fingerprint
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
