import type { Preamble } from './preamble.js'

/** A name that examples use without declaring it. */
export interface Placeholder {
  readonly type: string
  /** What of the preamble takes its place when the example is run. Without it the example is type-checked only. */
  readonly from?: keyof Preamble
}

const STRING: Placeholder = { type: 'string' }
const VERIFIER: Placeholder = { type: "import('m2m-guard').Verifier", from: 'verifier' }
const ISSUER: Placeholder = { type: "import('m2m-guard/testing').TestIssuer", from: 'issuer' }
const EXPRESS: Placeholder = { type: "import('express').Express", from: 'expressApp' }
const HANDLER: Placeholder = { type: "import('express').RequestHandler", from: 'handler' }
const KOA_HANDLER: Placeholder = { type: "import('@koa/router').RouterMiddleware" }
const ROUTER: Placeholder = { type: "import('@koa/router').Router" }

/** As axios declares it. */
const AXIOS = `{
  interceptors: {
    request: { use<T extends { headers: { set(name: string, value: string): void } }>(change: (config: T) => Promise<T>): void }
  }
}`

/** The names by entry point, or by the function or interface whose examples use them. */
export const PLACEHOLDERS: Readonly<Record<string, Readonly<Record<string, Placeholder>>>> = {
  'm2m-guard': {
    verifier: VERIFIER,
    token: STRING,
    revokedToken: STRING,
    issuer: STRING,
    audience: STRING,
    request: { type: "import('m2m-guard').GuardedRequest" },
    server: { type: "import('node:http').Server" },
    revocations: { type: "import('m2m-guard').Revocations" },
    receipt: STRING,
    introspection: { type: "import('m2m-guard').IntrospectionOptions" },
    store: { type: "import('m2m-guard').SharedStore" },
    secret: STRING,
  },
  'm2m-guard/issuers': { app: EXPRESS },
  'm2m-guard/client': {
    issuer: STRING,
    clientId: STRING,
    clientSecret: STRING,
    store: { type: "import('m2m-guard/client').SharedStore" },
    secret: STRING,
    callerToken: STRING,
    source: { type: "import('m2m-guard/client').TokenSource" },
    token: STRING,
    url: STRING,
    body: STRING,
    api: { type: AXIOS },
    request: { type: "typeof import('undici').request" },
    response: { type: '{ readonly statusCode: number }' },
    readFile: { type: "typeof import('node:fs/promises').readFile" },
  },
  'm2m-guard/management': {
    token: STRING,
    tokenId: STRING,
    tokenHash: STRING,
    refreshToken: STRING,
    subject: STRING,
    clientId: STRING,
    clientSecret: STRING,
    serviceId: STRING,
    serviceAccessToken: STRING,
    projectId: STRING,
    body: STRING,
    clients: { type: "import('m2m-guard/management').StytchClients" },
  },
  ClerkTokens: { tokens: { type: "import('m2m-guard/management').ClerkTokens" } },
  AuthleteTokens: { tokens: { type: "import('m2m-guard/management').AuthleteTokens" } },
  OAuthTokens: { tokens: { type: "import('m2m-guard/management').OAuthTokens" } },
  JwtBearerTokenSource: { source: { type: "import('m2m-guard/client').JwtBearerTokenSource" } },
  TokenExchangeSource: { source: { type: "import('m2m-guard/client').TokenExchangeSource" } },
  IssuerCallError: { error: { type: 'unknown' } },
  TokenSourceError: { error: { type: "import('m2m-guard/client').TokenSourceError" } },
  Listing: { tokens: { type: "import('m2m-guard/management').ClerkTokens" } },
  // The app of the preamble has no routes.
  assertEveryRouteIsGuarded: { app: { type: "import('express').Express" } },
  UnguardedRoutesError: { app: { type: "import('express').Express" } },
  'm2m-guard/testing': {
    issuer: ISSUER,
    verifier: VERIFIER,
    token: STRING,
    kid: STRING,
    app: EXPRESS,
    request: { type: "typeof import('supertest')" },
  },
  'm2m-guard/express': {
    app: EXPRESS,
    verifier: VERIFIER,
    createOrder: HANDLER,
    deleteOrder: HANDLER,
    req: { type: "import('express').Request" },
  },
  'm2m-guard/koa': {
    app: { type: "import('koa')", from: 'koaApp' },
    verifier: VERIFIER,
    router: ROUTER,
    createOrder: KOA_HANDLER,
    deleteOrder: KOA_HANDLER,
    ctx: { type: "import('koa').Context" },
  },
  'm2m-guard/fastify': {
    app: { type: "import('fastify').FastifyInstance", from: 'fastifyApp' },
    verifier: VERIFIER,
    request: { type: "import('fastify').FastifyRequest" },
    listOrders: { type: "import('fastify').RouteHandlerMethod" },
    createOrder: { type: "import('fastify').RouteHandlerMethod" },
    deleteOrder: { type: "import('fastify').RouteHandlerMethod" },
  },
  'm2m-guard/hono': {
    app: { type: "import('hono').Hono", from: 'honoApp' },
    verifier: VERIFIER,
    createOrder: { type: "import('hono').Handler" },
    deleteOrder: { type: "import('hono').Handler" },
    c: { type: "import('hono').Context" },
    Hono: { type: "typeof import('hono').Hono" },
  },
  'm2m-guard/nestjs': {
    verifier: VERIFIER,
    request: { type: "import('express').Request" },
    Get: { type: "typeof import('@nestjs/common').Get" },
    Post: { type: "typeof import('@nestjs/common').Post" },
    applyDecorators: { type: "typeof import('@nestjs/common').applyDecorators" },
    UseGuards: { type: "typeof import('@nestjs/common').UseGuards" },
    VerifierModule: { type: "import('@nestjs/common').Type" },
    VERIFIER: { type: 'symbol' },
  },
  'm2m-guard/opentelemetry': { verifier: VERIFIER, server: { type: "import('node:http').Server" } },
  'm2m-guard/prometheus': {
    app: EXPRESS,
    verifier: VERIFIER,
    client: { type: "typeof import('prom-client')" },
  },
  'm2m-guard/revocation': {
    verifier: VERIFIER,
    issuer: STRING,
    secret: STRING,
  },
  // No key set is at these addresses.
  revocationFeed: {
    app: { type: "import('express').Express & import('fastify').FastifyInstance" },
    router: ROUTER,
    issuer: STRING,
    audience: STRING,
    jwksUri: STRING,
    setReceiver: { type: "typeof import('m2m-guard/revocation').setReceiver" },
  },
  'm2m-guard/redis': {
    issuer: STRING,
    audience: STRING,
    client: { type: "import('m2m-guard/redis').RedisClient" },
    introspection: { type: "import('m2m-guard').IntrospectionOptions" },
    secret: STRING,
    clientId: STRING,
    clientSecret: STRING,
  },
  redisTokens: { tokenSource: { type: "typeof import('m2m-guard/client').tokenSource" } },
  'm2m-guard/fetch': {
    verifier: VERIFIER,
    request: { type: 'Request' },
  },
}
