import { createClient } from 'redis'
import { redisRevocations } from '../../adapters/redis.js'
import { memoryRevocations, oauth } from '../../src/index.js'
import type { TestBed, TestBedOptions } from './test-bed.js'

/** A request that is refused, for docs/operate/refused-requests.md. */
export interface RefusedRequest {
  readonly reason: string
  /** What the caller, the issuer or this API does wrong. */
  readonly story: string
  /** Options of `explain` besides `--config`. */
  readonly options?: string
  /** Options of the verifier that differ from those of the page. */
  readonly verifier?: () => TestBedOptions
  /** What the operator pastes: the token of the request, or its header. */
  readonly token: (bed: TestBed) => string | Promise<string>
}

const mint =
  (options: NonNullable<Parameters<TestBed['jwt']>[0]>) =>
  ({ jwt }: TestBed): string =>
    jwt(options)

/** Changes one part of a JWT. */
function withPart(token: string, index: number, change: (part: string) => string): string {
  return token
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.')
}

/** One request per reason, in the order of docs/reference/errors.md. */
export const REFUSED_REQUESTS: readonly RefusedRequest[] = [
  {
    reason: 'token_missing',
    story: 'The caller sends the credentials of a client in place of a token.',
    token: () => 'Authorization: Basic YmlsbGluZzpzZWNyZXQ=',
  },
  {
    reason: 'token_malformed',
    story: 'The caller writes the scheme twice.',
    token: ({ jwt }) => `Bearer Bearer ${jwt()}`,
  },
  {
    reason: 'token_too_large',
    story: 'The issuer puts every group of a directory into the token.',
    token: () => 'x'.repeat(9000),
  },
  {
    reason: 'token_undecodable',
    story: 'A tool has cut the token.',
    token: ({ jwt }) => withPart(jwt(), 1, (part) => part.slice(0, 40)),
  },
  {
    reason: 'issuer_unknown',
    story: 'The issuer writes its `iss` with a slash at the end, and the configuration has none.',
    token: (bed) => bed.jwt({ claims: { iss: `${bed.issuer.url}/` } }),
  },
  {
    reason: 'algorithm_not_allowed',
    story: 'A test system signs with a shared secret.',
    token: mint({ header: { alg: 'HS256' } }),
  },
  {
    reason: 'type_not_allowed',
    story: 'The caller sends the `id_token` of its token response.',
    token: mint({ header: { typ: 'JWT' }, claims: { nonce: 'n-0S6_WzA2Mj' } }),
  },
  {
    reason: 'critical_header',
    story: 'The header requires an extension.',
    token: mint({ header: { crit: ['b64'], b64: false } }),
  },
  {
    reason: 'key_unknown',
    story: 'The token is from another environment of the issuer.',
    token: mint({ header: { kid: 'staging-2026' } }),
  },
  {
    reason: 'signature_invalid',
    story: 'Someone has changed the claims of a token.',
    token: ({ jwt }) => withPart(jwt(), 1, () => jwt({ scopes: 'admin' }).split('.')[1] ?? ''),
  },
  {
    reason: 'token_inactive',
    story: 'The token was revoked at the issuer.',
    token: ({ opaque, issuer }) => {
      const token = opaque()
      issuer.revoke(token)
      return token
    },
  },
  {
    reason: 'token_revoked',
    story: 'This fleet has revoked the token, with the option `revocations` of the verifier.',
    verifier: () => ({ revocations: memoryRevocations() }),
    token: async ({ jwt, verifier }) => {
      const token = jwt()
      await verifier.revoke({ token, reason: 'found in a log' })
      return token
    },
  },
  {
    reason: 'claim_missing',
    story: 'The issuer mints tokens that never expire.',
    token: mint({ claims: { exp: undefined } }),
  },
  {
    reason: 'claim_invalid',
    story: 'The issuer writes times in milliseconds.',
    token: mint({ claims: { exp: 1_795_251_600_000 } }),
  },
  {
    reason: 'audience_mismatch',
    story: 'The caller has requested a token for another API.',
    token: mint({ audience: 'https://stock.internal' }),
  },
  {
    reason: 'token_expired',
    story: 'The caller caches its token for too long.',
    token: mint({ age: '2h', expiresIn: '-1h' }),
  },
  {
    reason: 'token_not_active_yet',
    story: 'The clock of this machine is slow.',
    token: (bed) => bed.jwt({ claims: { nbf: bed.now() + 90 } }),
  },
  {
    reason: 'issued_in_future',
    story: 'The clock of the issuer is fast.',
    token: (bed) => bed.jwt({ claims: { iat: bed.now() + 90 } }),
  },
  {
    reason: 'token_too_old',
    story: 'The route requires a recent token.',
    options: '--max-token-age 1h',
    token: mint({ age: '2h', expiresIn: '1d' }),
  },
  {
    reason: 'lifetime_too_long',
    story: 'The route accepts only tokens with a short lifetime.',
    options: `--policy '{"maxTokenLifetime":"15m"}'`,
    token: mint({ expiresIn: '1d' }),
  },
  {
    reason: 'confirmation_impossible',
    story: 'The route requires a confirmation by the issuer, and the configuration has no `introspection`.',
    options: `--policy '{"confirmAfter":"1m"}'`,
    verifier: () => ({ issuers: (by) => [oauth(by.oauth({ introspection: undefined }))] }),
    token: mint({ age: '5m' }),
  },
  {
    reason: 'proof_missing',
    story: 'The token is bound to a key by DPoP.',
    token: mint({ claims: { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } } }),
  },
  {
    reason: 'scope_insufficient',
    story: 'The client has no grant for the scope of the route.',
    options: '--scopes orders:write',
    token: mint({ scopes: 'orders:read' }),
  },
  {
    reason: 'client_not_allowed',
    story: 'The route is for another service.',
    options: `--policy '{"clients":["billing"]}'`,
    token: mint({ clientId: 'stock' }),
  },
  {
    reason: 'subject_not_allowed',
    story: 'The route is for one workload.',
    options: `--policy '{"subjects":["service-7"]}'`,
    token: mint({ subject: 'service-8' }),
  },
  {
    reason: 'issuer_not_allowed',
    story: 'The verifier has two issuers, and the route is for the tokens of the other one.',
    options: `--policy '{"issuers":["https://partners.example.com"]}'`,
    verifier: () => ({
      issuers: (by) => [
        oauth(by.oauth()),
        oauth({ issuer: 'https://partners.example.com', audience: 'https://orders.internal' }),
      ],
    }),
    token: mint({}),
  },
  {
    reason: 'claims_insufficient',
    story: 'The route is for one tenant.',
    options: `--policy '{"claims":{"tenant":"acme"}}'`,
    token: mint({ claims: { tenant: 'globex' } }),
  },
  {
    reason: 'check_failed',
    story: 'The policy of the verifier has a function `check`, which refuses tokens of the test environment.',
    verifier: () => ({
      policy: {
        check: ({ claims }) => claims['env'] === 'production' || 'The token is for another environment.',
      },
    }),
    token: mint({ claims: { env: 'test' } }),
  },
  {
    reason: 'keys_unavailable',
    story: 'The issuer responds with an error, so no JWT can be checked.',
    token: ({ jwt, issuer }) => {
      issuer.fail('jwks', 503)
      return jwt()
    },
  },
  {
    reason: 'issuer_refused_us',
    story: 'The secret of this API was changed at the issuer.',
    token: ({ opaque, issuer }) => {
      issuer.fail('introspection', 401)
      return opaque()
    },
  },
  {
    reason: 'issuer_unavailable',
    story: 'The introspection endpoint of the issuer fails, so no opaque token can be checked.',
    token: ({ opaque, issuer }) => {
      issuer.fail('introspection', 503)
      return opaque()
    },
  },
  {
    reason: 'issuer_overloaded',
    story: 'The issuer limits the number of introspection requests.',
    token: ({ opaque, issuer }) => {
      issuer.fail('introspection', 429)
      return opaque()
    },
  },
  {
    reason: 'revocations_unavailable',
    story: 'The config has not connected the Redis client of its `revocations`.',
    verifier: () => ({ revocations: redisRevocations({ client: createClient() }) }),
    token: mint({}),
  },
]
