import { createHash } from 'node:crypto'
import type { AuthleteDetails, AuthleteTestProperty } from './details.js'
import type { TokenRecord } from '../state/token-store.js'

/** Identifies a token without its value: SHA-256 in base64url. */
export function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}

/** Returns Authlete's details of a token. Those of a minted token are derived. */
export function detailsOf(record: TokenRecord): AuthleteDetails {
  if (record.authlete !== undefined) return record.authlete
  const confirmation = record.claims['cnf']
  return {
    grantType: record.subject === record.clientId ? 'CLIENT_CREDENTIALS' : 'AUTHORIZATION_CODE',
    tokenType: 'Bearer',
    properties: mintedProperties(record),
    ...(hasThumbprint(confirmation) ? { certificateThumbprint: confirmation['x5t#S256'] } : {}),
    kept: {},
  }
}

/** Returns the number of a client. A client with an alias has a number as well. */
export function clientNumber(clientId: string): number {
  if (/^\d{1,15}$/.test(clientId)) return Number(clientId)
  return Array.from(clientId).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1e12, 7)
}

/** Whether a number or an alias identifies a client. */
export function isClient(clientId: string, identifier: string): boolean {
  return clientId === identifier || String(clientNumber(clientId)) === identifier
}

/**
 * Returns the subject of a token. It is omitted for a token of a client only, because Authlete's SDK cannot read
 * a null.
 */
export function subjectOf(record: TokenRecord): { readonly subject?: string } {
  return record.subject === record.clientId ? {} : { subject: record.subject }
}

/** Returns the expiry in milliseconds. Authlete represents "never" as a date in the far future. */
export function expiryOf(record: TokenRecord): number {
  return record.expiresAt === null ? FAR_FUTURE_MS : Math.round(record.expiresAt * 1000)
}

const FAR_FUTURE_MS = Date.UTC(9999, 11, 31)

function mintedProperties(record: TokenRecord): readonly AuthleteTestProperty[] {
  return Object.entries(record.extraClaims)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      key,
      value: typeof value === 'string' ? value : JSON.stringify(value),
      hidden: false,
    }))
}

function hasThumbprint(value: unknown): value is Readonly<Record<'x5t#S256', string>> {
  return typeof value === 'object' && value !== null && 'x5t#S256' in value
}
