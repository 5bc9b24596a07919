const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** Whether a string is a b64token, the syntax of a bearer token (RFC 6750 section 2.1). */
export function isBearerToken(value: string): boolean {
  return B64TOKEN.test(value)
}
