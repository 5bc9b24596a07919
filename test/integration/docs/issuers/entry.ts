/** What a token is made of. `undefined` removes a claim or a header parameter of the test issuer. */
interface TokenShape {
  readonly claims: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly algorithm?: 'ES256' | 'ES384'
}

/** The tokens of an entry of "Issuers A to Z". */
export interface Entry {
  /** The token of a machine, in the form of the issuer. */
  readonly machine: TokenShape
  /** Facts of the accepted token. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Tokens that must be refused, as changes of the claims of the machine. */
  readonly refused: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Tokens that the policy of the block must refuse. */
  readonly checked?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Reason of the refusals. @defaultValue `claim_invalid` */
  readonly reason?: string
  /** Whether the claims are those of an introspection response, about an opaque token or a JWT with few claims. */
  readonly introspected?: 'opaque' | 'jwt'
}

export const AUDIENCE = 'https://api.test'
export const JWT = { typ: 'JWT' }
export const NONE = { typ: undefined }

/** A user's token, as most issuers write it. */
export const USER = { sub: '4f9b1c7e', name: 'Alice', email: 'alice@example.com' }
