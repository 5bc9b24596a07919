import { createHash, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { tokenDigest } from '../../src/model/access-token.js'

/** What a token may be remembered under. */
export interface Key {
  readonly name: string
  readonly of: (token: string) => string
  /** The key is not the token's alone: the token is kept beside it, and compared. */
  readonly keepsToken?: boolean
}

/** Enough to tell honest tokens apart. */
const LAST = 32

export const keys: readonly Key[] = [
  { name: 'SHA-256, 32 binary characters', of: tokenDigest },
  { name: 'SHA-256 in base64url', of: (token) => hash('sha256', token, 'base64url') },
  { name: 'SHA-256 in hex', of: (token) => hash('sha256', token, 'hex') },
  {
    name: 'SHA-256 by `createHash`, 32 binary characters',
    of: (token) => createHash('sha256').update(token).digest('binary'),
  },
  { name: 'the token itself', of: (token) => token },
  {
    name: `the last ${LAST} characters, then the whole token`,
    of: (token) => token.slice(-LAST),
    keepsToken: true,
  },
]

/** A memory of the library's kind, with the keys of another. */
export interface KeyMemory {
  remember(token: string): void
  /** Whether the token is remembered. */
  knows(token: string): boolean
}

export function createKeyMemory({ of, keepsToken = false }: Key, max: number): KeyMemory {
  const entries = new LRUCache<string, { readonly token?: string }>({ max })
  return {
    remember(token) {
      entries.set(of(token), keepsToken ? { token } : {})
    },
    knows: keepsToken
      ? (token) => entries.get(of(token))?.token === token
      : (token) => entries.get(of(token)) !== undefined,
  }
}
