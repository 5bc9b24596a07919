import { authlete, clerk, oauth, type Issuer } from '../../../src/index.js'
import type { Endpoint, TestIssuer } from '../../../src/testing/index.js'
import { AUDIENCE } from '../../support/tokens/attack.js'
import { NOW } from '../../support/clock.js'

type Members = Readonly<Record<string, unknown>>

/** Responses of one vendor about an opaque token. All facts grant `orders:read`, which the route requires. */
export interface Dialect {
  readonly name: string
  readonly endpoint: Endpoint
  readonly tokenPrefix: string
  readonly issuer: (by: TestIssuer, maxBytes: number) => Issuer
  readonly facts: Members
  /** Wrong values of one member. None may lead to an acceptance. */
  readonly wrong: Readonly<Record<string, readonly unknown[]>>
  /** Members whose change makes the result inactive. */
  readonly inactive: Members
  /** The member that states the expiry. */
  readonly expiry: string
}

/** In seconds. The clock of an attack moves by weeks. */
const YEAR = 365 * 24 * 3600

const NO_TEXT = [1, true, null, {}, [{}], [['orders:read']]]
const NO_TIME = ['soon', 'Infinity', true, {}, [NOW + YEAR]]
const NO_TRUTH = ['true', 1, null, {}, [], [true]]
const NO_SCOPE = ['', 'orders', 'orders:read2', 'ORDERS:READ', 'orders:*', '*']

const introspection: Dialect = {
  name: 'introspection (RFC 7662)',
  endpoint: 'introspection',
  tokenPrefix: 'opaque-',
  issuer(by, maxBytes) {
    const { clientId, clientSecret } = by.client
    return oauth(
      by.oauth({
        jwksUri: `${by.url}/jwks`,
        introspection: { clientId, clientSecret, endpoint: `${by.url}/introspect` },
        remote: { maxBytes },
      }),
    )
  },
  facts: {
    active: true,
    sub: 'billing',
    client_id: 'billing',
    aud: AUDIENCE,
    scope: 'orders:read',
    iat: NOW - 1,
    exp: NOW + YEAR,
  },
  wrong: {
    active: [...NO_TRUTH, 'active'],
    exp: [...NO_TIME, -1, 0, NOW - 60],
    iat: [...NO_TIME, NOW + YEAR],
    nbf: [...NO_TIME, NOW + YEAR],
    aud: ['https://elsewhere.example', `${AUDIENCE}/`, AUDIENCE.toUpperCase(), '', [], ...NO_TEXT],
    // Null counts as absent.
    iss: ['https://elsewhere.example', '', ...NO_TEXT.filter((value) => value !== null)],
    scope: [...NO_SCOPE, ...NO_TEXT],
    cnf: [{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}],
    token_type: ['DPoP', 'N_A', 'mac', 1, {}],
  },
  inactive: { active: false },
  expiry: 'exp',
}

const clerkVerify: Dialect = {
  name: "Clerk's verify endpoint",
  endpoint: 'clerkVerify',
  tokenPrefix: 'mt_',
  issuer: (by, maxBytes) => clerk(by.clerk({ remote: { maxBytes } })),
  facts: {
    object: 'machine_to_machine_token',
    id: 'mt_1',
    subject: 'mch_billing',
    scopes: ['mch_orders'],
    claims: { scope: 'orders:read' },
    revoked: false,
    expired: false,
    created_at: (NOW - 1) * 1000,
    expiration: (NOW + YEAR) * 1000,
  },
  wrong: {
    object: ['session', '', ...NO_TEXT],
    subject: ['user_1', 'org_1', '', ...NO_TEXT],
    claims: [...NO_SCOPE, ...NO_SCOPE.map((scope) => ({ scope })), null, [], 1, [{ scope: 'orders:read' }]],
    scopes: ['mch_orders', 1, {}, [1]],
    revoked: [...NO_TRUTH, 'false', 0],
    expired: [...NO_TRUTH, 'false', 0],
    created_at: [...NO_TIME, (NOW + YEAR) * 1000],
    expiration: [...NO_TIME, -1, 0, (NOW - 60) * 1000],
  },
  inactive: { revoked: true },
  expiry: 'expiration',
}

const authleteIntrospection: Dialect = {
  name: "Authlete's introspection",
  endpoint: 'authleteIntrospection',
  tokenPrefix: 'opaque-',
  issuer: (by, maxBytes) => authlete(by.authlete({ remote: { maxBytes } })),
  facts: {
    action: 'OK',
    existent: true,
    usable: true,
    subject: 'billing',
    clientId: 1,
    scopes: ['orders:read'],
    accessTokenResources: [AUDIENCE],
    expiresAt: (NOW + YEAR) * 1000,
  },
  wrong: {
    action: ['ok', 'INTERNAL_SERVER_ERROR', '', ...NO_TEXT],
    existent: [...NO_TRUTH, false],
    usable: [...NO_TRUTH, false],
    subject: ['', 1, true, {}, []],
    scopes: ['orders:read', 1, {}, [1], ['orders'], ['orders:*'], []],
    accessTokenResources: [AUDIENCE, 1, {}, [1], ['https://elsewhere.example'], []],
    expiresAt: [...NO_TIME, null, -1, 0, (NOW - 60) * 1000],
    certificateThumbprint: ['x'],
    responseSigningRequired: [true],
  },
  inactive: { action: 'UNAUTHORIZED' },
  expiry: 'expiresAt',
}

export const DIALECTS: readonly Dialect[] = [introspection, clerkVerify, authleteIntrospection]
