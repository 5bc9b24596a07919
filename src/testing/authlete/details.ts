/** Authlete's additional details of a token. */
export interface AuthleteDetails {
  readonly grantType: string
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly properties: readonly AuthleteTestProperty[]
  readonly refresh?: RefreshDetails
  /** The same token in JWT form. */
  readonly jwt?: string
  readonly certificateThumbprint?: string
  readonly dpopKeyThumbprint?: string
  /** Values that are stored and returned unchanged. */
  readonly kept: Readonly<Record<string, unknown>>
}

/** The refresh token that belongs to an access token. Times in seconds since the epoch. */
interface RefreshDetails {
  readonly value: string
  readonly expiresAt: number
}

/** A property that the application stores with a token. */
export interface AuthleteTestProperty {
  readonly key: string
  readonly value: string
  readonly hidden: boolean
}
