import { generateKeyPairSync } from 'node:crypto'
import { authlete, clerk, oauth, type Issuer, type OAuthOptions, type Policy } from '../../src/index.js'
import { NOW } from '../support/clock.js'
import { keyOf, seal } from '../support/tokens/forge.js'

const ISS = 'https://issuer.test'
export const TENANTS = 'https://issuer.test/{tenant}'
export const ENDPOINT = 'https://issuer.test/introspect'
export const KEY = keyOf('ES256', 'k')
export const OPAQUE = 'an-opaque-token'

/** Calls a function of the application, or throws in its place. */
export type Wrap = <A extends unknown[], R>(works: (...args: A) => R) => (...args: A) => R

export interface Case {
  readonly reason: string
  readonly status: number
  readonly detail: RegExp
  readonly issuers: (wrap: Wrap, fetch: typeof globalThis.fetch) => Issuer
  readonly token?: string
  readonly policy?: (wrap: Wrap) => Policy
  /** Whether a process warning reports the failure. @defaultValue true */
  readonly isWarned?: boolean
  /** The message of the cause is that of the error of the function. @defaultValue false */
  readonly hasCause?: boolean
}

export const jwt = (claims: object = {}): string =>
  seal(
    KEY,
    { alg: 'ES256', typ: 'at+jwt', kid: KEY.kid },
    {
      iss: ISS,
      aud: 'orders',
      sub: 'billing',
      client_id: 'billing',
      scope: 'read',
      exp: NOW + 3600,
      ...claims,
    },
  )

export const plain = (options: Partial<OAuthOptions>): Issuer =>
  oauth({ issuer: ISS, audience: 'orders', ...options })

const introspecting = (introspection: object, fetch: typeof globalThis.fetch): Issuer =>
  plain({
    fetch,
    keys: false,
    introspection: {
      endpoint: ENDPOINT,
      clientId: 'orders',
      ...introspection,
    } as NonNullable<OAuthOptions['introspection']>,
  })

/** A custom issuer, some of whose functions fail. */
function custom(jwtParts: object = {}, parts: Partial<Issuer> = {}): Issuer {
  return {
    ...plain({ jwks: { keys: [KEY.jwk] } }),
    ...parts,
    jwt: { ...plain({ jwks: { keys: [KEY.jwk] } }).jwt!, ...jwtParts },
  }
}

function remote(fetch: typeof globalThis.fetch, parts: object): Issuer {
  const issuer = introspecting({ clientSecret: 's' }, fetch)
  return { ...issuer, remote: { ...issuer.remote!, ...parts } }
}

/** Responses of Clerk and Authlete to a valid token. */
const AUTHLETE_RESPONSE = {
  action: 'OK',
  existent: true,
  usable: true,
  clientId: 1,
  subject: 'billing',
  expiresAt: (NOW + 3600) * 1000,
  grantType: 'CLIENT_CREDENTIALS',
  responseSigningRequired: false,
}

function clerkFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) =>
    String(input instanceof Request ? input.url : input).includes('/m2m_tokens/verify')
      ? Promise.resolve(
          Response.json({
            object: 'machine_to_machine_token',
            id: 'mt_1',
            subject: 'mch_billing',
            scopes: ['mch_orders'],
            claims: null,
            revoked: false,
            revocation_reason: null,
            expired: false,
            expiration: null,
            created_at: NOW * 1000,
            updated_at: NOW * 1000,
          }),
        )
      : fetch(input, init)
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const thrown = 'the function %s failed with a TypeError'
const failedWith = (name: string): RegExp => new RegExp(thrown.replace('%s', name.replaceAll('.', '\\.')))

export const CASES: Readonly<Record<string, Case>> = {
  tenants: {
    ...undecidable('tenants'),
    token: jwt({ iss: 'https://issuer.test/acme' }),
    issuers: (wrap) =>
      plain({
        issuer: TENANTS,
        jwks: { keys: [KEY.jwk] },
        tenants: wrap((tenant: string) => tenant === 'acme'),
      }),
  },
  'tenants.describe': {
    ...undecidable('tenants.describe'),
    token: jwt({ iss: 'https://issuer.test/acme' }),
    issuers: (wrap) => {
      const issuer = plain({ issuer: TENANTS, jwks: { keys: [KEY.jwk] }, tenants: () => true })
      const { tenants } = issuer
      return {
        ...issuer,
        tenants: { ...tenants!, describe: wrap((tenant: string) => tenants!.describe(tenant)) },
      }
    },
  },
  'jwt.recognises': {
    ...undecidable('jwt.recognises'),
    issuers: (wrap) => custom({ issuers: null, recognises: wrap(() => true) }),
  },
  'jwt.validateHeader': {
    ...undecidable('jwt.validateHeader'),
    issuers: (wrap) => custom({ validateHeader: wrap(() => undefined) }),
  },
  'jwt.readClaims': {
    ...undecidable('jwt.readClaims'),
    issuers: (wrap) => custom({ readClaims: wrap(plain({ jwks: { keys: [KEY.jwk] } }).jwt!.readClaims) }),
  },
  validateToken: {
    ...undecidable('validateToken'),
    issuers: (wrap) => custom({}, { validateToken: wrap(() => undefined) }),
  },
  'remote.request': {
    reason: 'issuer_unavailable',
    status: 503,
    detail: /the request function of the issuer threw an error/,
    token: OPAQUE,
    issuers: (wrap, fetch) => remote(fetch, { request: wrap(() => ({ headers: {}, body: '' })) }),
  },
  'remote.read': {
    reason: 'issuer_unavailable',
    status: 503,
    detail: /the read function of the issuer threw an error/,
    token: OPAQUE,
    issuers: (wrap, fetch) => {
      const { read } = introspecting({ clientSecret: 's' }, fetch).remote!
      return remote(fetch, { read: wrap(read) })
    },
  },
  'keys.headers': {
    reason: 'keys_unavailable',
    status: 503,
    detail: /keys\.headers/,
    issuers: (wrap, fetch) =>
      plain({
        fetch,
        jwksUri: 'https://issuer.test/keys',
        keys: { headers: wrap(() => ({ 'x-api-key': 'k' })) },
      }),
  },
  'fetch of keys': {
    reason: 'keys_unavailable',
    status: 503,
    detail: /^key set: no response/,
    issuers: (wrap, fetch) => plain({ fetch: wrap(fetch), jwksUri: 'https://issuer.test/keys' }),
  },
  'fetch of an introspection': {
    reason: 'issuer_unavailable',
    status: 503,
    detail: /^no response/,
    token: OPAQUE,
    issuers: (wrap, fetch) => introspecting({ clientSecret: 's' }, wrap(fetch)),
  },
  clientSecret: credential('clientSecret', (wrap) => ({ clientSecret: wrap(() => 's') })),
  bearerToken: credential('bearerToken', (wrap) => ({
    authentication: 'bearer',
    clientId: undefined,
    bearerToken: wrap(() => 's'),
  })),
  privateKey: credential('privateKey', (wrap) => ({
    authentication: 'private_key_jwt',
    privateKey: wrap(() => privateKey),
  })),
  clientAssertion: credential('clientAssertion', (wrap) => ({
    authentication: 'private_key_jwt',
    clientAssertion: wrap(() => 'e30.e30.e30'),
  })),
  authentication: credential('authentication', (wrap) => ({
    authentication: wrap(() => ({ headers: { 'x-api-key': 's' } })),
  })),
  machineSecretKey: {
    reason: 'issuer_refused_us',
    status: 503,
    detail: /clerk\.machineSecretKey: the function( or promise)? failed/,
    token: 'mt_opaque',
    issuers: (wrap, fetch) =>
      clerk({
        machineSecretKey: wrap(() => 'ak_secret'),
        jwtAccess: false,
        machineId: 'mch_orders',
        fetch: clerkFetch(fetch),
      }),
  },
  serviceAccessToken: {
    reason: 'issuer_refused_us',
    status: 503,
    detail: /authlete\.serviceAccessToken: the function( or promise)? failed/,
    token: OPAQUE,
    issuers: (wrap) =>
      authlete({
        serviceId: '1',
        serviceAccessToken: wrap(() => 's'),
        apiUrl: 'https://us.authlete.com',
        fetch: () => Promise.resolve(Response.json(AUTHLETE_RESPONSE)),
      }),
  },
  scopeMatching: {
    reason: 'scope_insufficient',
    status: 403,
    detail: /^the token lacks "read"/,
    issuers: (wrap) =>
      plain({ jwks: { keys: [KEY.jwk] }, scopeMatching: wrap((a: string, b: string) => a === b) }),
    policy: () => ({ scopes: 'read' }),
    isWarned: false,
  },
  check: {
    reason: 'check_failed',
    status: 403,
    detail: /^check threw a TypeError/,
    issuers: () => plain({ jwks: { keys: [KEY.jwk] } }),
    policy: (wrap) => ({ check: wrap(() => true) }),
    isWarned: false,
    hasCause: true,
  },
}

/** A function whose failure is a 503 that names it. */
function undecidable(name: string): Pick<Case, 'reason' | 'status' | 'detail' | 'hasCause'> {
  return { reason: 'issuer_unavailable', status: 503, detail: failedWith(name), hasCause: true }
}

function credential(name: string, introspection: (wrap: Wrap) => object): Case {
  return {
    reason: 'issuer_refused_us',
    status: 503,
    detail: new RegExp(`oauth\\.introspection\\.${name}: the function( or promise)? failed`),
    token: OPAQUE,
    issuers: (wrap, fetch) => introspecting({ clientSecret: undefined, ...introspection(wrap) }, fetch),
  }
}
