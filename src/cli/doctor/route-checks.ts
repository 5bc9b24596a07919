import { exchange } from '../../http/exchange.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { createTransport } from '../../http/transport/transport.js'
import type { HttpResponse } from '../../http/transport/messages.js'
import { opaqueProbeToken } from '../../introspection/probe-token.js'
import { adviceFor } from '../../telemetry/failure-advice.js'
import { issuersOf } from '../../verifier/verifier.js'
import { quote } from '../../util/quote.js'
import type { DoctorContext } from './context.js'
import { randomToken } from './credential-check.js'
import { failed, passed, skipped, warning, type Finding } from './finding.js'

const DEADLINE_SECONDS = 10
const MAX_BYTES = 16 * 1024 * 1024
const NO_URL = 'set --url to a guarded route'

/** Whether a request without a token is refused. */
export function checkOpenRoute(context: DoctorContext): Promise<readonly Finding[]> {
  return withResponse(context, undefined, (response) => {
    const { status } = response
    if (status === 401) return [passed('a request without a token gets 401')]
    if (status < 300)
      return [
        failed(
          `a request without a token gets ${status}: the route is open`,
          'Register the guard before the route, and check that no other route or static file handles the URL.',
        ),
      ]
    if (status < 400)
      return [
        failed(
          `a request without a token is redirected (${status})`,
          'Call the URL that the service itself serves, not that of a login page or a proxy.',
        ),
      ]
    if (status === 404)
      return [warning('the URL gets 404, so that no route was examined', 'Set --url to an existing route.')]
    return [
      failed(
        `a request without a token gets ${status} in place of 401`,
        'Check the log of the service, and the proxy before it.',
      ),
    ]
  })
}

/** Whether the response has exactly one challenge, and may not be cached. */
export function checkChallenge(context: DoctorContext): Promise<readonly Finding[]> {
  return withResponse(context, undefined, ({ status, headers }) => {
    if (status !== 401) return [skipped('the response is not a 401')]
    const schemes = challengesIn(headers.get('www-authenticate') ?? '')
    const [scheme] = schemes
    const challenge =
      schemes.length === 1 && scheme?.toLowerCase() === 'bearer'
        ? passed('the 401 has one challenge, Bearer')
        : failed(
            `the 401 has ${schemes.length} challenges: ${quote(schemes)}`,
            'Another guard or a proxy adds or removes a challenge. Only one of them must decide about the route.',
          )
    return [challenge]
  })
}

/** Whether the refusal may be stored by a cache. */
export function checkNoStore(context: DoctorContext): Promise<readonly Finding[]> {
  return withResponse(context, undefined, ({ status, headers }) => {
    if (status !== 401) return [skipped('the response is not a 401')]
    const control = headers.get('cache-control') ?? undefined
    if (control !== undefined && /(?:^|[\s,])no-store(?:$|[\s,])/i.test(control))
      return [passed('the 401 has Cache-Control: no-store')]
    return [
      failed(
        `Cache-Control of the 401 is ${quote(control)}`,
        'Middleware or a proxy changes the header. Caches must not store responses of guarded routes.',
      ),
    ]
  })
}

/** Whether the header of the token arrives at the guard: a random token is refused as invalid. */
export function checkHeaderArrives(context: DoctorContext): Promise<readonly Finding[]> {
  const issuer = issuersOf(context.verifier).find((one) => randomToken(one) !== undefined)
  const name = context.header ?? 'Authorization'
  const token = (issuer && randomToken(issuer)) ?? opaqueProbeToken({ opaquePrefix: undefined })
  return withResponse(context, token, ({ status, headers }) => {
    const challenge = headers.get('www-authenticate') ?? ''
    if (status < 300)
      return [
        failed(
          `a random token gets ${status}: the route accepts any token`,
          'Register the guard before the route.',
        ),
      ]
    if (status === 503) return [passed('the header arrives: the guard could not check a random token (503)')]
    if (status === 401 && /error="?invalid_token/.test(challenge))
      return [passed('the header arrives: a random token is refused as invalid')]
    if (status === 401)
      return [
        failed(
          `a request with a token gets the response of one without: the header ${name} does not arrive`,
          `Configure the proxy or gateway to pass ${name} on. For a guard with the option header, set --header to that name.`,
        ),
      ]
    return [warning(`a random token gets ${status} in place of 401`, 'Check what responds before the guard.')]
  })
}

/** The schemes of the challenges in `WWW-Authenticate` (RFC 9110 section 11.6.1). Several headers are joined by a comma. */
export function challengesIn(value: string): readonly string[] {
  const bare = value.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  const found = bare.matchAll(
    /(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[\w-]+\s*=|\s+[A-Za-z0-9\-._~+/]+=*\s*(?:,|$)|\s*(?:,|$))/g,
  )
  return [...found].map(([, scheme = '']) => scheme)
}

function headersOf(token: string | undefined, header: string | undefined): Readonly<Record<string, string>> {
  if (token === undefined) return {}
  return header === undefined ? { authorization: `Bearer ${token}` } : { [header]: token }
}

async function withResponse(
  { url, header }: DoctorContext,
  token: string | undefined,
  find: (response: HttpResponse) => readonly Finding[],
): Promise<readonly Finding[]> {
  if (url === undefined) return [skipped(NO_URL)]
  const transport = createTransport(undefined)
  try {
    const response = await exchange({
      url,
      method: 'GET',
      headers: headersOf(token, header),
      deadlineSeconds: DEADLINE_SECONDS,
      maxBytes: MAX_BYTES,
      transport,
    })
    return find(response)
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    return [failed(error.message, `${adviceFor(error.message)}.`)]
  } finally {
    transport.close()
  }
}
