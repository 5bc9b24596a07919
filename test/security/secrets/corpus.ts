import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  authlete,
  clerk,
  oauth,
  stytch,
  type CommonIssuerOptions,
  type Issuer,
  type Policy,
} from '../../../src/index.js'
import type { Endpoint, Fault, FaultHandler, TestClient, TestIssuer } from '../../../src/testing/index.js'
import { hang, hangHalfway } from '../../support/servers/misbehaviours.js'
import { basicForms, formsOf } from './recorder.js'

/** Credentials with everything in them that some encoding treats specially. */
export const AWKWARD_CLIENT = {
  clientId: 'orders:api 1',
  clientSecret: 's3cr3t/+&=% "q"\\ü-of-orders',
} as const

const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** Secrets that a test issuer does not issue. */
const OWN_SECRETS = {
  bearerToken: randomText(),
  privateKey: signing.export({ type: 'pkcs8', format: 'pem' }).toString(),
  keysHeader: randomText(),
} as const

type Common = Pick<CommonIssuerOptions, 'fetch' | 'keys' | 'remote'>

/** Every kind of guard that has credentials. */
export function guards(
  issuer: TestIssuer,
  client: TestClient,
): readonly { readonly name: string; readonly make: (common: Common) => Issuer }[] {
  const credentials = { clientId: client.clientId, clientSecret: client.clientSecret }
  const introspectedBy = (authentication: 'basic' | 'post') => (common: Common) =>
    oauth(issuer.oauth({ ...common, introspection: { ...credentials, authentication } }))
  return [
    { name: 'oauth, basic', make: introspectedBy('basic') },
    { name: 'oauth, post', make: introspectedBy('post') },
    {
      name: 'oauth, bearer',
      make: (common) =>
        oauth(
          issuer.oauth({
            ...common,
            introspection: { authentication: 'bearer', bearerToken: OWN_SECRETS.bearerToken },
          }),
        ),
    },
    {
      name: 'oauth, private key',
      make: (common) =>
        oauth(
          issuer.oauth({
            ...common,
            introspection: {
              authentication: 'private_key_jwt',
              clientId: client.clientId,
              privateKey: OWN_SECRETS.privateKey,
            },
          }),
        ),
    },
    {
      name: 'oauth, headers of the keys',
      make: ({ keys, ...common }) =>
        oauth(
          issuer.oauth({
            ...common,
            keys: { ...keys, headers: () => ({ authorization: `Bearer ${OWN_SECRETS.keysHeader}` }) },
          }),
        ),
    },
    {
      name: 'clerk, JWTs remotely',
      make: (common) => clerk(issuer.clerk({ ...common, jwtAccess: 'remote' })),
    },
    {
      name: 'clerk, keys by secret key',
      make: (common) =>
        clerk(issuer.clerk({ ...common, secretKey: issuer.clerkSecretKey, jwksUri: undefined })),
    },
    { name: 'authlete', make: (common) => authlete(issuer.authlete(common)) },
    {
      name: 'authlete, JWTs locally',
      make: (common) => authlete(issuer.authlete({ ...common, issuer: issuer.endpoints.authlete })),
    },
    {
      name: 'stytch',
      make: ({ fetch, keys }) => stytch(issuer.stytch({ ...(fetch && { fetch }), ...(keys && { keys }) })),
    },
  ]
}

/** Tokens good and bad, each of them different in every run, so that a find is a find. */
export function tokensOf(issuer: TestIssuer): readonly string[] {
  const tokens: string[] = []
  for (const provider of ['oauth', 'clerk', 'authlete', 'stytch'] as const) {
    const good = issuer.mintJwt({ provider, scopes: 'a' })
    const [header = '', payload = '', signature = ''] = good.split('.')
    tokens.push(
      good,
      issuer.mintJwt({ provider, scopes: 'a', age: '2h', expiresIn: -60 }),
      issuer.mintJwt({ provider, audience: 'https://elsewhere.example' }),
      issuer.mintJwt({ provider, header: { kid: randomText() } }),
      issuer.mintJwt({ provider, header: { typ: randomText() } }),
      issuer.mintJwt({ provider, claims: { exp: 'soon', secret: randomText() } }),
      `${header}.${payload}.${randomText()}${signature.slice(43)}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
    )
    if (provider === 'stytch') continue
    const revoked = issuer.mintOpaque({ provider })
    issuer.revoke(revoked)
    tokens.push(issuer.mintOpaque({ provider, scopes: 'a' }), revoked)
  }
  return [
    ...tokens,
    randomText(),
    `mt_${randomText()}`,
    `${randomText()}.${randomText()}`,
    randomText().repeat(300),
    `${randomText()}!`,
  ]
}

function randomText(): string {
  return randomBytes(32).toString('base64url')
}

/** Each secret under a name that may be printed, with the forms it is searched for in. */
export function secretsOf(
  issuer: TestIssuer,
  client: TestClient,
  tokens: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const { receiver } = issuer.clerkMachines
  return new Map([
    ...tokens.map((token, index) => [`token ${index}`, formsOf(token)] as const),
    ...tokens.map((token, index) => [`digest ${index}`, [digestOf(token)]] as const),
    ['client secret', [...formsOf(client.clientSecret), ...basicForms(client.clientId, client.clientSecret)]],
    ['machine key', formsOf(receiver.secretKey)],
    ['instance key', formsOf(issuer.clerkSecretKey)],
    ['bearer token', formsOf(OWN_SECRETS.bearerToken)],
    ['header of the keys', formsOf(OWN_SECRETS.keysHeader)],
    [
      'private key',
      [
        ...OWN_SECRETS.privateKey.split('\n').filter((line) => line !== '' && !line.startsWith('---')),
        signing.export({ format: 'jwk' }).d ?? '',
      ],
    ],
    ['service access token', formsOf(issuer.authleteService.serviceAccessToken)],
  ])
}

/** The fingerprint may be shown, and no more of the digest than that. */
function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 20)
}

/** An issuer that sends back, wherever it can, what it was sent. */
function echo(status: number): Fault {
  return (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { authorization = 'none' } = request.headers
      const text = Buffer.concat(chunks).toString()
      const quoted = `${authorization} ${text}`.replace(/[^\x20-\x7e]/g, '')
      const body = {
        active: text,
        error: quoted,
        error_description: text,
        message: quoted,
        issuer: text,
        jwks_uri: text,
        action: text,
        resultMessage: quoted,
        object: text,
        keys: text,
        aud: text,
        iss: text,
        sub: text,
        scope: text,
        errors: [{ message: quoted }],
      }
      response.writeHead(status, quoted.slice(0, 200), {
        'content-type': 'application/json',
        'retry-after': quoted,
        'cache-control': quoted,
        'www-authenticate': `Bearer error="${quoted}"`,
        location: `https://elsewhere.example/?${encodeURIComponent(text)}`,
      })
      response.end(JSON.stringify(body))
    })
  }
}

/** Sends back half of what it was sent, and then nothing. */
const hangInEcho: FaultHandler = (request, response) => {
  hangHalfway(JSON.stringify({ error: request.headers.authorization, padding: ' '.repeat(500) }))(
    request,
    response,
  )
}

/** How an issuer fails or lies. */
export const FAULTS: readonly (readonly [name: string, fault: Fault | undefined])[] = [
  ['nothing', undefined],
  ...[400, 401, 429, 503].map((status) => [`status ${status}`, status] as const),
  ...(['reset', 'empty', 'html', 'truncated', 'redirect'] as const).map((how) => [how, how] as const),
  ['hang', hang],
  ['hang half-way through an echo', hangInEcho],
  ...[200, 302, 400, 401, 404, 500].map((status) => [`an echo with status ${status}`, echo(status)] as const),
]

/** Ways in which a fetch of one's own quotes the request when it fails. */
export const QUOTING_FETCHES: readonly (readonly [name: string, fetch: typeof fetch])[] = [
  ['throws an error that quotes the request', (url, init) => Promise.reject(quoting(url, init))],
  [
    'throws synchronously',
    (url, init) => {
      throw quoting(url, init)
    },
  ],
  [
    'throws a string',
    (url, init) => {
      throw quoting(url, init).message as unknown as Error
    },
  ],
  [
    'throws the request',
    (url, init) => {
      throw { url, ...init, code: 'E_QUOTING' } as unknown as Error
    },
  ],
  [
    'throws a code that is a credential',
    (url, init) => {
      throw Object.assign(quoting(url, init), { code: JSON.stringify(init?.headers) })
    },
  ],
  [
    'gives a body that breaks off with a quote',
    (url, init) =>
      Promise.resolve(
        new Response(new ReadableStream({ start: (stream) => stream.error(quoting(url, init)) })),
      ),
  ],
  ['gives no response at all', (url, init) => Promise.resolve(quoting(url, init) as unknown as Response)],
]

function quoting(url: unknown, init: RequestInit | undefined): Error {
  const text = `failed: ${String(url)} ${JSON.stringify(init?.headers)} ${JSON.stringify(init?.body)}`
  return new Error(text, { cause: new Error(text) })
}

/** Failing endpoints: all; only introspection and verification, without keys and discovery; or only the keys. */
export const PLACES = {
  everywhere: ['all'],
  'endpoints that verify tokens': ['introspection', 'clerkVerify', 'authleteIntrospection'],
  'where keys are fetched': ['jwks'],
} as const satisfies Record<string, readonly (Endpoint | 'all')[]>

/** Requirements of every kind, with a custom rule that throws. */
export const POLICIES: readonly Policy[] = [
  { scopes: 'a', maxTokenAge: '1h' },
  { scopes: 'a b' },
  {
    confirmAfter: 0,
    check: () => {
      throw new Error('the database is down')
    },
  },
]
