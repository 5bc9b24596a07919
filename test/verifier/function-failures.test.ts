import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  authlete,
  clerk,
  createVerifier,
  oauth,
  Refusal,
  type DecisionEvent,
  type Issuer,
  type OAuthOptions,
  type Policy,
} from '../../src/index.js'
import { NOW } from '../support/clock.js'
import { manualClock } from '../support/clock.js'
import { keyOf, seal } from '../support/tokens/forge.js'
import { outcomeOf, refusalOf } from '../support/outcomes.js'
import { bearer } from '../support/test-bed.js'

const SECRET = 'postgres://guard:hunter2@db'
const ISS = 'https://issuer.test'
const TENANTS = 'https://issuer.test/{tenant}'
const ENDPOINT = 'https://issuer.test/introspect'
const KEY = keyOf('ES256', 'k')
const OPAQUE = 'an-opaque-token'

/** Fails until it is repaired, with an error whose message has a secret. */
interface Broken {
  isBroken: boolean
  calls: number
}

/** Calls a function of the application, or throws in its place. */
type Wrap = <A extends unknown[], R>(works: (...args: A) => R) => (...args: A) => R

interface Case {
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

const jwt = (claims: object = {}): string =>
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

const plain = (options: Partial<OAuthOptions>): Issuer =>
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

const CASES: Readonly<Record<string, Case>> = {
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

/** A verifier of a case, whose function fails until it is repaired, and all warnings of the process. */
function bed(one: Case, onDecision?: (event: DecisionEvent) => void) {
  const clock = manualClock()
  const state: Broken = { isBroken: true, calls: 0 }
  const wrap: Wrap = (works) =>
    ((...args: never[]) => {
      state.calls += 1
      if (state.isBroken) throw new TypeError(SECRET)
      return (works as (...args: never[]) => unknown)(...args)
    }) as never
  const fetch = ((url: unknown) =>
    Promise.resolve(
      Response.json(
        String(url).endsWith('/keys')
          ? { keys: [KEY.jwk] }
          : { active: true, sub: 'billing', client_id: 'billing', aud: 'orders', exp: NOW + 3600 },
      ),
    )) as typeof globalThis.fetch
  const warnings: string[] = []
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation((warning, options) => {
    warnings.push(`${(options as { code?: string } | undefined)?.code}: ${String(warning)}`)
  })
  onTestFinished(() => emit.mockRestore())
  const issuers = [one.issuers(wrap, fetch)]
  const verifier = createVerifier({ issuers, clock: clock.read, ...(onDecision && { onDecision }) })
  onTestFinished(() => verifier.close())
  const policy = one.policy?.(wrap)
  return { ...clock, state, warnings, verifier, policy, token: one.token ?? jwt() }
}

describe.each(Object.entries(CASES))('a function of the application that throws: %s', (_, one) => {
  it('refuses the request as documented, and names the failure without the message of the error', async () => {
    const { verifier, token, policy, warnings } = bed(one)
    const refusal = await refusalOf(verifier.verify(token, policy))
    expect({ reason: refusal.reason, status: refusal.status }).toEqual({
      reason: one.reason,
      status: one.status,
    })
    expect(refusal.detail).toMatch(one.detail)
    expect(`${refusal.detail}${JSON.stringify(refusal)}${warnings.join()}`).not.toContain(SECRET)
    const { cause } = refusal
    expect(cause instanceof Error && cause.message === SECRET).toBe(one.hasCause === true)
  })

  it('is not cached: the next request after the repair and the pauses passes', async () => {
    const { verifier, token, policy, state, pass } = bed(one)
    expect(await outcomeOf(verifier.verify(token, policy))).toBe(one.reason)
    state.isBroken = false
    pass(70)
    expect(await outcomeOf(verifier.verify(token, policy))).toBe('accepted')
  })

  it('is reported: by the event of each request, or by one process warning without an observer', async () => {
    const events: DecisionEvent[] = []
    const observed = bed(one, (event) => void events.push(event))
    await observed.verifier.authorize(bearer(observed.token), observed.policy)
    expect(events).toMatchObject([
      { reason: one.reason, detail: expect.stringMatching(one.detail) as string },
    ])
    expect(JSON.stringify(events)).not.toContain(SECRET)

    const { verifier, token, policy, warnings } = bed(one)
    for (const _ of [1, 2, 3]) await outcomeOf(verifier.verify(token, policy))
    expect(warnings).toHaveLength(one.isWarned === false ? 0 : 1)
    expect(warnings.join()).not.toContain(SECRET)
  })
})

describe('a warning about a function that throws', () => {
  it('names the issuer and the function', async () => {
    const { verifier, token, warnings } = bed(CASES['tenants']!)
    await outcomeOf(verifier.verify(token))
    expect(warnings).toEqual([
      `M2M_GUARD_FUNCTION_FAILURE: ${TENANTS}: tenants failed, so that tokens get 503. The detail of the refusal names the ` +
        'error. Set onDecision to be notified in place of this warning',
    ])
  })

  it('is not caused by explain()', async () => {
    const { verifier, token, warnings } = bed(CASES['tenants']!)
    expect(await verifier.explain(token)).toMatchObject({ outcome: 'undecidable' })
    expect(warnings).toEqual([])
  })
})

it('a function of clientCertificate that throws refuses the request like one of a secret', async () => {
  const issuer = plain({
    keys: false,
    introspection: {
      endpoint: ENDPOINT,
      clientId: 'orders',
      authentication: 'tls_client_auth',
      clientCertificate: () => {
        throw new TypeError(SECRET)
      },
    },
  })
  const verifier = createVerifier({
    issuers: [issuer],
    clock: manualClock().read,
    onDecision: () => undefined,
  })
  onTestFinished(() => verifier.close())
  const refusal = await refusalOf(verifier.verify(OPAQUE))
  expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
  expect(refusal.detail).toContain('oauth.introspection.clientCertificate: the function')
  expect(refusal.detail).not.toContain(SECRET)
})

it('a Refusal that the tenants function throws is used as it is', async () => {
  const issuer = plain({
    issuer: TENANTS,
    jwks: { keys: [KEY.jwk] },
    tenants: () => {
      throw new Refusal('token_revoked')
    },
  })
  const verifier = createVerifier({ issuers: [issuer], clock: manualClock().read })
  onTestFinished(() => verifier.close())
  expect(await outcomeOf(verifier.verify(jwt({ iss: 'https://issuer.test/acme' })))).toBe('token_revoked')
})
