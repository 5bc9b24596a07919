/** A response of an endpoint with a JSON body. */
export interface JsonResponse {
  readonly status: number
  readonly headers: Headers
  readonly json: Readonly<Record<string, unknown>>
}

export interface JsonRequest {
  readonly form?: Readonly<Record<string, string>> | URLSearchParams
  readonly json?: unknown
  readonly text?: string
  readonly bearer?: string
  readonly basic?: readonly [id: string, secret: string]
  readonly method?: string
}

/** Calls an endpoint: by POST with a body, by GET without. */
export async function send(url: string, request: JsonRequest = {}): Promise<JsonResponse> {
  const { form, json, text, bearer, basic, method } = request
  const headers = new Headers()
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (basic !== undefined) {
    headers.set('authorization', `Basic ${Buffer.from(basic.join(':')).toString('base64')}`)
  }
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body =
    form === undefined ? (json === undefined ? text : JSON.stringify(json)) : new URLSearchParams(form)
  const init = { headers, method: method ?? (body === undefined ? 'GET' : 'POST') }
  const response = await fetch(url, body === undefined ? init : { ...init, body })
  const answer = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    json: answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>),
  }
}
