import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Auth } from './packages.mjs'

/** How an instance issues access tokens to machines. */
export const KINDS = ['jwt', 'opaque'] as const

export type Kind = (typeof KINDS)[number]

/** How long tokens live, in seconds, unless their resource sets another lifetime: longer than their key is published. */
export const LIFETIME = 7200

/** How long a key signs new tokens, in seconds. The server then creates the next one. */
export const KEY_SIGNS = 3600

/** How long a key that no longer signs is still published, in seconds. */
export const KEY_STAYS = 600

/** An API that tokens are for (RFC 8707). */
export interface Resource {
  readonly identifier: string
  /** Lifetime of its tokens, in seconds, if it is shorter than {@link LIFETIME}. */
  readonly accessTokenTtl?: number
}

export interface Client {
  readonly clientId: string
  readonly clientSecret: string
}

/** How a client is registered (RFC 7591 section 2). */
type Metadata = Readonly<Record<string, unknown>>

export interface Instance {
  readonly issuer: string
  /** The client that obtains tokens. */
  readonly caller: Client
  /** The client that introspects them. */
  readonly api: Client
  /** The id of a client that introspects them and authenticates with its key. */
  readonly keyClientId: string
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  readonly setCallerDisabled: (isDisabled: boolean) => Promise<void>
}

const SCOPES = ['orders:read', 'orders:write']
const OPERATOR = 'operator@orders.test'

/** The tables of the server's database, which is in memory. */
const TABLES = [
  ...['user', 'session', 'account', 'verification', 'jwks'],
  ...['oauthClient', 'oauthResource', 'oauthClientResource', 'oauthClientAssertion'],
  ...['oauthAccessToken', 'oauthRefreshToken', 'oauthConsent'],
]

interface Registrations {
  /** The APIs that tokens are for. */
  readonly resources: readonly Resource[]
  /** The key of the client that authenticates with one, as a JWK. */
  readonly publicKey: object
}

/** Creates an instance whose operator has registered a calling client and the API. */
export async function createInstance(
  origin: string,
  kind: Kind,
  { resources, publicKey }: Registrations,
): Promise<Instance> {
  const packages = await installedPackages()
  const auth = configure(packages, origin, kind, resources)
  const headers = await signUpOperator(auth)
  const register = registerWith(auth, headers, resources)
  const caller = await register('billing', { client_credentials_scopes: SCOPES })
  const byKey = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] } }
  return {
    issuer: `${origin}/${kind}`,
    caller,
    api: await register('orders'),
    keyClientId: (await register('orders by key', byKey)).clientId,
    handle: packages.toNodeHandler(auth),
    async setCallerDisabled(disabled) {
      const { adapter } = await auth.$context
      const where = [{ field: 'clientId', value: caller.clientId }]
      await adapter.update({ model: 'oauthClient', where, update: { disabled } })
    },
  }
}

type Packages = typeof import('./packages.mjs')

async function installedPackages(): Promise<Packages> {
  try {
    return await import('./packages.mjs')
  } catch (cause) {
    throw new Error('better-auth, the authorization server of these tests, is not installed. Run npm ci', {
      cause,
    })
  }
}

function configure(
  { betterAuth, jwt, memoryAdapter, oauthProvider }: Packages,
  origin: string,
  kind: Kind,
  resources: readonly Resource[],
): Auth {
  const keyPairConfig = { alg: 'ES256' }
  const keys = jwt({ jwks: { rotationInterval: KEY_SIGNS, gracePeriod: KEY_STAYS, keyPairConfig } })
  const provider = oauthProvider({
    loginPage: '/unused',
    consentPage: '/unused',
    scopes: SCOPES,
    m2mAccessTokenExpiresIn: LIFETIME,
    disableJwtPlugin: kind === 'opaque',
    resources: [...resources],
    enforcePerClientResources: true,
    clientPrivileges: ({ user }: { readonly user: { readonly email: string } }) => user.email === OPERATOR,
    silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
  })
  return betterAuth({
    baseURL: origin,
    basePath: `/${kind}`,
    secret: randomBytes(32).toString('base64'),
    database: memoryAdapter(Object.fromEntries(TABLES.map((table) => [table, []]))),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: kind === 'jwt' ? [keys, provider] : [provider],
  })
}

/** The headers of the operator's session. */
async function signUpOperator(auth: Auth): Promise<Headers> {
  const response = await auth.api.signUpEmail({
    body: { email: OPERATOR, password: randomBytes(16).toString('base64'), name: 'Operator' },
    asResponse: true,
  })
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
  return new Headers({ cookie: cookies.join('; ') })
}

/** Registers clients that may obtain or introspect tokens for the resources. */
function registerWith(auth: Auth, headers: Headers, resources: readonly Resource[]) {
  return async (name: string, metadata: Metadata = {}): Promise<Client> => {
    const { client_id, client_secret = '' } = await auth.api.adminCreateOAuthClient({
      headers,
      body: { client_name: name, grant_types: ['client_credentials'], ...metadata },
    })
    for (const { identifier } of resources) {
      await auth.api.adminLinkClientResource({ headers, params: { identifier, client_id } })
    }
    return { clientId: client_id, clientSecret: client_secret }
  }
}
