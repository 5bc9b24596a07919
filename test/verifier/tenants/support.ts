import { onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
  type DecisionEvent,
  type IssuerEvent,
  type OAuthOptions,
  type Policy,
  type Verifier,
  type VerifierOptions,
} from '../../../src/index.js'
import { manualClock, NOW, type TestClock } from '../../support/clock.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { outcomeOf, type Outcome } from '../../support/outcomes.js'

export const TEMPLATE = 'https://login.test/{tenant}/v2.0'
export const AUDIENCE = 'https://orders.internal'

/** The `iss` of a tenant. */
export function issOf(tenant: string): string {
  return `https://login.test/${tenant}/v2.0`
}

/** A response: JSON, or a function for anything else. */
type Served = object | (() => Response | Promise<Response>)

/** A multi-tenant issuer in memory: tenants have a document and a key of their own. */
interface TenantServer {
  readonly fetch: typeof fetch
  /** The URLs of all requests. */
  readonly urls: string[]
  /** The bodies of all requests that have one. */
  readonly bodies: string[]
  /** Serves something else at a URL. */
  readonly serve: (url: string, served: Served) => void
  /** Serves something else for every request. */
  readonly serveAll: (served: Served | undefined) => void
}

/** The id of a tenant's key. */
export const kidOf = (tenant: string): string => `key of ${tenant}`

function tenantServer(): TenantServer {
  const urls: string[] = []
  const bodies: string[] = []
  const special = new Map<string, Served>()
  let all: Served | undefined
  return {
    urls,
    bodies,
    serve: (url, served) => void special.set(url, served),
    serveAll: (served) => void (all = served),
    fetch: async (input, init) => {
      const request = new Request(input, init)
      urls.push(request.url)
      if (request.method === 'POST') bodies.push(await request.text())
      const served = all ?? special.get(request.url) ?? documentAt(request.url)
      return typeof served === 'function' ? served() : Response.json(served)
    },
  }
}

function documentAt(url: string): Served {
  const [, tenant = '', rest = ''] = /^https:\/\/login\.test\/([^/]+)\/(.+)$/.exec(url) ?? []
  if (rest === 'v2.0/.well-known/openid-configuration') {
    return { issuer: issOf(tenant), jwks_uri: `https://login.test/${tenant}/keys` }
  }
  if (rest === 'keys') return { keys: [jwkOf(tenant)] }
  return () => new Response('not found', { status: 404 })
}

/** The published key of a tenant. */
export function jwkOf(tenant: string, extra: object = {}): object {
  return { ...keyOf('ES256', kidOf(tenant)).jwk, ...extra }
}

export interface JwtOptions {
  /** Claims that differ from the usual ones. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The tenant whose key signs. @defaultValue the tenant of the `iss` */
  readonly signedBy?: string
  /** The `kid`. @defaultValue that of the key */
  readonly kid?: string
}

/** A JWT of a tenant. */
export function jwtOf(tenant: string, { claims, signedBy = tenant, kid }: JwtOptions = {}): string {
  const key = keyOf('ES256', kidOf(signedBy))
  return seal(
    key,
    { alg: 'ES256', typ: 'at+jwt', kid: kid ?? key.kid },
    {
      iss: issOf(tenant),
      aud: AUDIENCE,
      sub: 'billing',
      client_id: 'billing',
      iat: NOW,
      exp: NOW + 86_400,
      ...claims,
    },
  )
}

export interface TenantBed extends TestClock, TenantServer {
  readonly verifier: Verifier
  readonly events: DecisionEvent[]
  readonly issuerEvents: IssuerEvent[]
  readonly outcome: (token: string, policy?: Policy) => Promise<Outcome>
}

/** A verifier of a multi-tenant issuer. */
export function tenantBed(
  options: Partial<OAuthOptions> & Pick<OAuthOptions, 'tenants'>,
  verifierOptions: Partial<VerifierOptions> = {},
): TenantBed {
  const clock = manualClock()
  const server = tenantServer()
  const events: DecisionEvent[] = []
  const issuerEvents: IssuerEvent[] = []
  const verifier = createVerifier({
    clock: clock.read,
    onDecision: (event) => void events.push(event),
    onIssuerEvent: (event) => void issuerEvents.push(event),
    issuers: [oauth({ issuer: TEMPLATE, audience: AUDIENCE, fetch: server.fetch, ...options })],
    ...verifierOptions,
  })
  onTestFinished(() => verifier.close())
  return {
    ...clock,
    ...server,
    verifier,
    events,
    issuerEvents,
    outcome: (token, policy) => outcomeOf(verifier.verify(token, policy)),
  }
}
