/** Origins of the APIs that the model calls. */
export const ORIGINS = ['https://api.test', 'https://other.test'] as const

/** How the API answers the request with this number. */
export type ApiAnswer = (count: number) => Response

const refusal = (maxAge: number | undefined): Response => {
  const limit = maxAge === undefined ? '' : `, max_age="${maxAge}"`
  return challenging(`Bearer error="invalid_token"${limit}`)
}
const challenging = (challenge: string): Response =>
  new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })

export const APIS: Readonly<Record<string, ApiAnswer>> = {
  accepts: () => new Response('ok'),
  refuses: () => refusal(undefined),
  alternates: (count) => (count % 2 === 1 ? refusal(undefined) : new Response('ok')),
  'alternates with max_age 1': (count) => (count % 2 === 1 ? refusal(1) : new Response('ok')),
  'refuses with max_age 12': () => refusal(12),
  'refuses without a challenge': () => new Response(null, { status: 401 }),
  'refuses the scope': () => challenging('Bearer error="insufficient_scope"'),
  'asks for a newer sign-in': () =>
    challenging('Bearer error="insufficient_user_authentication", max_age="1"'),
  'states limits that are none': (count) =>
    challenging(
      `Bearer error="invalid_token", max_age="${['-1', '0.5', '1e9', '9'.repeat(30)][count % 4]!}"`,
    ),
  'fails with 503 and 401 in turn': (count) =>
    count % 2 === 1 ? refusal(undefined) : new Response(null, { status: 503 }),
  'redirects to the other API': () => new Response(null, { status: 307, headers: { location: ORIGINS[1] } }),
}
