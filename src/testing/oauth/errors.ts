import { json, type TestResponse } from '../server/http.js'

/** An error body of RFC 6749 section 5.2. */
export function oauthError(
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): TestResponse {
  return json(status, { error, error_description: description }, { 'cache-control': 'no-store', ...headers })
}
