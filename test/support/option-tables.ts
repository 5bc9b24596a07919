import fastify from 'fastify'
import * as promClient from 'prom-client'
import { guard } from '../../adapters/express.js'
import { m2mGuard } from '../../adapters/fastify.js'
import { M2mGuardModule } from '../../adapters/nestjs.js'
import { instrument } from '../../adapters/opentelemetry.js'
import { collect } from '../../adapters/prometheus.js'
import { CLERK_TOKEN_SOURCE_OPTIONS } from '../../src/client/grants/clerk.js'
import { redisAnswers, redisRevocations, redisTokens } from '../../adapters/redis.js'
import { REDIS_STORE_OPTIONS } from '../../adapters/redis/answers.js'
import { REDIS_TOKENS_OPTIONS } from '../../adapters/redis/tokens.js'
import { REDIS_REVOCATIONS_OPTIONS } from '../../adapters/redis/revocations.js'
import { JWT_BEARER_OPTIONS } from '../../src/client/grants/jwt-bearer.js'
import { TOKEN_EXCHANGE_OPTIONS } from '../../src/client/grants/token-exchange.js'
import {
  clerkTokenSource,
  jwtBearerTokenSource,
  sharedTokens,
  tokenExchangeSource,
  tokenSource,
  type TokenSource,
} from '../../src/client/index.js'
import { TOKEN_SOURCE_OPTIONS } from '../../src/client/token-source.js'
import { PLUGIN_OPTIONS, PROPERTY_GUARD_OPTIONS } from '../../src/guard/options.js'
import {
  authlete,
  clerk,
  createVerifier,
  memoryRevocations,
  oauth,
  sharedAnswers,
  stytch,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.js'
import { REMOTE_OPTIONS } from '../../src/introspection/options.js'
import { KEY_OPTIONS } from '../../src/keys/options.js'
import { AUTHLETE_TOKENS_OPTIONS } from '../../src/management/authlete/api.js'
import { CLERK_TOKENS_OPTIONS } from '../../src/management/clerk/api.js'
import { authleteTokens, clerkTokens, oauthTokens, stytchClients } from '../../src/management/index.js'
import { OAUTH_TOKENS_OPTIONS } from '../../src/management/oauth/oauth-tokens.js'
import { STYTCH_CLIENTS_OPTIONS } from '../../src/management/stytch/api.js'
import {
  COLLECT_OPTIONS,
  COLLECT_SOURCE_OPTIONS,
  INSTRUMENT_OPTIONS,
  INSTRUMENT_SOURCE_OPTIONS,
} from '../../src/metrics/options.js'
import type { Table } from '../../src/options/reader.js'
import { POLICY_OPTIONS } from '../../src/policy/compile.js'
import { AUTHLETE_OPTIONS } from '../../src/providers/authlete/authlete.js'
import { CLERK_OPTIONS } from '../../src/providers/clerk/clerk-options.js'
import { commonOptions } from '../../src/providers/common-options.js'
import { INTROSPECTION_OPTIONS } from '../../src/providers/introspection-options.js'
import { OAUTH_OPTIONS } from '../../src/providers/oauth-options.js'
import { STYTCH_OPTIONS } from '../../src/providers/stytch/stytch.js'
import { KEYCLOAK_PUSH_OPTIONS } from '../../src/revocation/feeds/keycloak-push.js'
import { SET_RECEIVER_OPTIONS } from '../../src/revocation/feeds/set-receiver.js'
import { WEBHOOK_RECEIVER_OPTIONS } from '../../src/revocation/feeds/webhook-receiver.js'
import { keycloakPush, setReceiver, webhookReceiver } from '../../src/revocation/index.js'
import { REVOCATIONS_OPTIONS } from '../../src/revocation/memory.js'
import { SHARED_STORE_OPTIONS, SHARED_TOKENS_OPTIONS } from '../../src/store/options.js'
import { VERIFIER_OPTIONS } from '../../src/verifier/create-verifier.js'
import { CACHE_OPTIONS } from '../../src/verifier/token-cache.js'
import { memoryStore, SECRET } from './shared-store.js'

const OAUTH = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
const STYTCH = { projectId: 'project-test-1' }
const NO_REDIS = { call: () => Promise.reject(new Error('not connected')) }
const SENDER = {
  issuer: 'https://sender.example.com',
  audience: 'https://orders.internal',
  jwksUri: 'https://sender.example.com/jwks.json',
  verifier: { revoke: () => Promise.reject(new Error('not connected')) },
}
const KEYCLOAK = { issuer: SENDER.issuer, resource: 'orders', verifier: SENDER.verifier }
const WEBHOOKS = {
  secret: `whsec_${Buffer.alloc(24).toString('base64')}`,
  targets: () => [],
  verifier: SENDER.verifier,
}
const CLIENT = { clientId: 'orders', clientSecret: 'secret' }
const AUTHLETE = { serviceId: '1', serviceAccessToken: 'token', apiUrl: 'https://us.authlete.com' }
const verifierWith = (options: Partial<VerifierOptions>): Verifier =>
  createVerifier({ issuers: [oauth(OAUTH)], ...options })

export type Options = Readonly<Record<string, unknown>>

/** For each section: what reads such options. Each is a valid call as far as `given` is. */
export const readers: Readonly<Record<string, (given: Options) => unknown>> = {
  createVerifier: (given) => verifierWith(given),
  cache: (given) => verifierWith({ cache: given }),
  memoryRevocations: (given) => memoryRevocations(given),
  redisRevocations: (given) => redisRevocations({ client: NO_REDIS, ...given }),
  setReceiver: (given) => setReceiver({ ...SENDER, ...given }),
  keycloakPush: (given) => keycloakPush({ ...KEYCLOAK, ...given }),
  webhookReceiver: (given) => webhookReceiver({ ...WEBHOOKS, ...given }),
  redisAnswers: (given) => redisAnswers({ client: NO_REDIS, secret: SECRET, ...given }),
  sharedAnswers: (given) => sharedAnswers({ store: memoryStore(), secret: SECRET, ...given }),
  policy: (given) => verifierWith({ policy: given }),
  keys: (given) => oauth({ ...OAUTH, keys: given }),
  remote: (given) => oauth({ ...OAUTH, remote: given }),
  oauth: (given) => oauth({ ...OAUTH, ...given }),
  introspection: (given) => oauth({ ...OAUTH, introspection: { ...CLIENT, ...given } }),
  clerk: (given) => clerk({ machineSecretKey: 'ak_1', jwtAccess: false, ...given }),
  stytch: (given) => stytch({ ...STYTCH, ...given }),
  authlete: (given) => authlete({ ...AUTHLETE, ...given }),
  guard: (given) => guard(verifierWith({}), undefined, given),
  tokenSource: (given) => tokenSource({ issuer: OAUTH.issuer, ...CLIENT, ...given }),
  jwtBearerTokenSource: (given) => jwtBearerTokenSource({ issuer: OAUTH.issuer, ...CLIENT, ...given }),
  tokenExchangeSource: (given) => tokenExchangeSource({ issuer: OAUTH.issuer, ...CLIENT, ...given }),
  clerkTokenSource: (given) => clerkTokenSource({ machineSecretKey: 'ak_1', ...given }),
  redisTokens: (given) => redisTokens({ client: NO_REDIS, secret: SECRET, ...given }),
  sharedTokens: (given) => sharedTokens({ store: memoryStore(), secret: SECRET, ...given }),
  clerkTokens: (given) => clerkTokens({ machineSecretKey: 'ak_1', ...given }),
  stytchClients: (given) => stytchClients({ ...STYTCH, secret: 'secret', ...given }),
  authleteTokens: (given) => authleteTokens({ ...AUTHLETE, ...given }),
  oauthTokens: (given) => oauthTokens({ issuer: OAUTH.issuer, ...CLIENT, ...given }),
  M2mGuardModule: (given) => M2mGuardModule.forRoot({ verifier: verifierWith({}), ...given }),
  instrument: (given) => instrument(verifierWith({}), given),
  collect: (given) =>
    collect(verifierWith({}), { client: promClient, register: new promClient.Registry(), ...given }),
  'instrument of a token source': (given) => instrument(anyTokenSource(), given),
  'collect of a token source': (given) =>
    collect(anyTokenSource(), { client: promClient, register: new promClient.Registry(), ...given }),
  m2mGuard: (given) => m2mGuard(fastify(), { verifier: verifierWith({}), ...given }),
}

function anyTokenSource(): TokenSource {
  return tokenSource({ tokenEndpoint: 'https://auth.example.com/token', clientId: 'x', clientSecret: 'y' })
}

/** Readers of the options per section of the page. The options of every issuer have a separate section. */
const COMMON = commonOptions()
const own = (table: Table): Table =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !Object.hasOwn(COMMON, name)))
export const tables: Readonly<Record<string, Table>> = {
  createVerifier: VERIFIER_OPTIONS,
  cache: CACHE_OPTIONS,
  memoryRevocations: REVOCATIONS_OPTIONS,
  redisRevocations: REDIS_REVOCATIONS_OPTIONS,
  setReceiver: SET_RECEIVER_OPTIONS,
  keycloakPush: KEYCLOAK_PUSH_OPTIONS,
  webhookReceiver: WEBHOOK_RECEIVER_OPTIONS,
  redisAnswers: REDIS_STORE_OPTIONS,
  sharedAnswers: SHARED_STORE_OPTIONS,
  policy: POLICY_OPTIONS,
  'Every issuer': COMMON,
  keys: KEY_OPTIONS,
  remote: REMOTE_OPTIONS,
  oauth: own(OAUTH_OPTIONS),
  introspection: INTROSPECTION_OPTIONS,
  clerk: own(CLERK_OPTIONS),
  stytch: own(STYTCH_OPTIONS),
  authlete: own(AUTHLETE_OPTIONS),
  guard: PROPERTY_GUARD_OPTIONS,
  M2mGuardModule: PROPERTY_GUARD_OPTIONS,
  m2mGuard: { ...PROPERTY_GUARD_OPTIONS, decorators: PLUGIN_OPTIONS.decorators },
  tokenSource: TOKEN_SOURCE_OPTIONS,
  jwtBearerTokenSource: JWT_BEARER_OPTIONS,
  tokenExchangeSource: TOKEN_EXCHANGE_OPTIONS,
  clerkTokenSource: CLERK_TOKEN_SOURCE_OPTIONS,
  redisTokens: REDIS_TOKENS_OPTIONS,
  sharedTokens: SHARED_TOKENS_OPTIONS,
  clerkTokens: CLERK_TOKENS_OPTIONS,
  stytchClients: STYTCH_CLIENTS_OPTIONS,
  authleteTokens: AUTHLETE_TOKENS_OPTIONS,
  oauthTokens: OAUTH_TOKENS_OPTIONS,
  instrument: INSTRUMENT_OPTIONS,
  collect: COLLECT_OPTIONS,
  'instrument of a token source': INSTRUMENT_SOURCE_OPTIONS,
  'collect of a token source': COLLECT_SOURCE_OPTIONS,
}
