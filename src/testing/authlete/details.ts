/** What Authlete keeps of a token beside what every issuer does. */
export interface AuthleteDetails {
  readonly grantType: string
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly properties: readonly AuthleteTestProperty[]
  readonly refresh?: RefreshDetails
  /** The value in JWT form, which stands for the same token. */
  readonly jwt?: string
  readonly certificateThumbprint?: string
  readonly dpopKeyThumbprint?: string
  /** What is kept and given out again as it came. */
  readonly kept: Readonly<Record<string, unknown>>
}

/** The refresh token that belongs to an access token. Times in seconds since the epoch. */
interface RefreshDetails {
  readonly value: string
  readonly expiresAt: number
}

/** A word of the application's own. */
export interface AuthleteTestProperty {
  readonly key: string
  readonly value: string
  readonly hidden: boolean
}
