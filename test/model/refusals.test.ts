import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  Refusal,
  type Policy,
  type RefusalDetails,
  type RefusalReason,
} from '../../src/index.js'
import type { MintJwtOptions } from '../../src/testing/index.js'
import { bearer, testBed, type TestBed } from '../support/test-bed.js'

const GENERIC = 'The request needs a valid access token.'
const LATER = 'The access token could not be checked. Try again later.'

/** Request that is refused, and the policy that refuses it. */
interface Sent {
  readonly token?: string
  readonly authorization?: string
  readonly policy?: Policy
}

interface Case {
  readonly reason: RefusalReason
  readonly status: 400 | 401 | 403 | 503
  readonly error?: string
  readonly description: string
  readonly send: (bed: TestBed) => Sent
}

function invalid(reason: RefusalReason, description: string, send: Case['send']): Case {
  return { reason, status: 401, error: 'invalid_token', description, send }
}

function invalidJwt(reason: RefusalReason, description: string, mint: MintJwtOptions): Case {
  return invalid(reason, description, ({ jwt }) => ({ token: jwt(mint) }))
}

function forged(reason: RefusalReason, mint: MintJwtOptions): Case {
  return invalidJwt(reason, GENERIC, mint)
}

function denied(reason: RefusalReason, description: string, policy: Policy): Case {
  return {
    reason,
    status: 403,
    error: 'access_denied',
    description,
    send: ({ jwt }) => ({ token: jwt(), policy }),
  }
}

function undecidable(reason: RefusalReason, send: Case['send']): Case {
  return { reason, status: 503, error: 'temporarily_unavailable', description: LATER, send }
}

const cases: readonly Case[] = [
  {
    reason: 'token_missing',
    status: 401,
    description: GENERIC,
    send: () => ({ authorization: 'Basic eDp5' }),
  },
  {
    reason: 'token_malformed',
    status: 400,
    error: 'invalid_request',
    description: GENERIC,
    send: () => ({ authorization: 'Bearer to ken' }),
  },
  invalid('token_too_large', GENERIC, () => ({ token: 'x'.repeat(8193) })),
  invalid('token_undecodable', GENERIC, () => ({ token: 'abc.def.ghi' })),
  forged('issuer_unknown', { claims: { iss: 'https://elsewhere.test' } }),
  forged('algorithm_not_allowed', { header: { alg: 'HS256' } }),
  forged('type_not_allowed', { header: { typ: 'dpop+jwt' } }),
  forged('critical_header', { header: { crit: ['exp'] } }),
  forged('key_unknown', { header: { kid: 'unknown' } }),
  invalid('signature_invalid', GENERIC, ({ jwt }) => ({
    token: `${jwt().split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
  })),
  invalid('token_inactive', GENERIC, () => ({ token: 'unknown-token' })),
  invalidJwt('claim_missing', 'The access token lacks a required claim.', { expiresIn: null }),
  invalidJwt('claim_invalid', 'A claim of the access token is invalid.', { claims: { exp: 'tomorrow' } }),
  invalidJwt('audience_mismatch', 'The access token was not issued for this API.', {
    audience: 'https://other.test',
  }),
  invalidJwt('token_expired', 'The access token has expired.', { age: 60, expiresIn: -6 }),
  invalid('token_not_active_yet', 'The access token is not active yet.', ({ jwt, now }) => ({
    token: jwt({ claims: { nbf: now() + 60 } }),
  })),
  invalidJwt('issued_in_future', 'The access token was issued in the future.', { age: -60 }),
  invalid('token_too_old', 'The access token is too old for this resource.', ({ jwt }) => ({
    token: jwt({ age: 60 }),
    policy: { maxTokenAge: 60 },
  })),
  invalid(
    'lifetime_too_long',
    'The lifetime of the access token is too long for this resource.',
    ({ jwt }) => ({
      token: jwt(),
      policy: { maxTokenLifetime: 60 },
    }),
  ),
  invalid(
    'confirmation_impossible',
    'The access token is too old to be accepted without confirmation by its issuer.',
    ({ issuer, jwt }) => {
      issuer.fail('introspection', { status: 400, body: { error: 'unsupported_token_type' } })
      return { token: jwt(), policy: { confirmAfter: 0 } }
    },
  ),
  invalidJwt(
    'proof_missing',
    'The access token is sender-constrained and was sent without proof of possession.',
    { confirmation: { jkt: 'thumbprint' } },
  ),
  {
    reason: 'scope_insufficient',
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks a required scope.',
    send: ({ jwt }) => ({ token: jwt(), policy: { scopes: 'orders:read orders:write' } }),
  },
  denied('client_not_allowed', 'This client may not use this resource.', { clients: 'another-client' }),
  denied('issuer_not_allowed', 'Tokens of this issuer may not use this resource.', { issuers: 'another' }),
  denied('check_failed', 'The request is not permitted.', { check: () => false }),
  denied('check_failed', 'only in office hours', { check: () => 'only in office hours' }),
  undecidable('keys_unavailable', ({ issuer, jwt }) => {
    issuer.fail('jwks', 500)
    return { token: jwt() }
  }),
  undecidable('issuer_unavailable', ({ issuer }) => {
    issuer.fail('introspection', 500)
    return { token: issuer.mintOpaque() }
  }),
  undecidable('issuer_refused_us', ({ issuer }) => {
    issuer.fail('introspection', 401)
    return { token: issuer.mintOpaque() }
  }),
]

async function refuse({ send }: Case) {
  const bed = await testBed()
  const { token, authorization = `Bearer ${token ?? ''}`, policy } = send(bed)
  const decision = await bed.verifier.authorize({ headers: { authorization } }, policy)
  if (decision.outcome === 'accepted') throw new Error('accepted')
  return { ...bed, sent: authorization, decision, refusal: decision.refusal }
}

function challengeOf({ status, error, description, reason }: Case): string | undefined {
  if (status === 503 || error === 'access_denied') return undefined
  if (error === undefined) return 'Bearer realm="api"'
  const maxAge = reason === 'token_too_old' ? ', max_age="60"' : ''
  const scope = reason === 'scope_insufficient' ? ', scope="orders:read orders:write"' : ''
  return `Bearer realm="api", error="${error}", error_description="${description}"${scope}${maxAge}`
}

describe.each(cases)('$reason ($description)', (example) => {
  it('has the status, the error code and the description of the table', async () => {
    const { refusal, decision, issuer } = await refuse(example)
    const { reason, status, error, description } = example
    expect(decision.outcome).toBe(status === 503 ? 'undecidable' : 'refused')
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({
      reason,
      status,
      statusCode: status,
      error,
      description,
      message: description,
    })
    expect(refusal.expose).toBe(true)
    expect(refusal.required).toEqual(
      reason === 'scope_insufficient' ? ['orders:read', 'orders:write'] : undefined,
    )
    expect([issuer.url, undefined]).toContain(refusal.issuer)
  })

  it('has exactly the headers of its status', async () => {
    const { refusal } = await refuse(example)
    const challenge = challengeOf(example)
    expect(refusal.headers).toEqual({
      'Cache-Control': 'no-store',
      ...(challenge === undefined ? {} : { 'WWW-Authenticate': challenge }),
      ...(example.status === 503 ? { 'Retry-After': '1' } : {}),
    })
  })

  it('reveals neither the token nor our credentials when it is printed', async () => {
    const { refusal, sent, issuer } = await refuse(example)
    const printed = [
      JSON.stringify(refusal),
      inspect(refusal, { depth: 10, showHidden: true }),
      String(refusal),
      refusal.stack,
      inspect(refusal.cause, { depth: 10, showHidden: true }),
    ].join('\n')
    const token = sent.replace(/^\w+ +/, '')
    const parts = [token, ...token.split(/[. ]/), issuer.client.clientSecret]
    for (const part of parts.filter(({ length }) => length > 4)) expect(printed).not.toContain(part)
  })
})

describe('reasons that no request of this table causes', () => {
  it.each<[RefusalReason, number, string]>([
    ['token_revoked', 401, 'invalid_token'],
    ['proof_invalid', 401, 'invalid_token'],
    ['issuer_overloaded', 503, 'temporarily_unavailable'],
    ['revocations_unavailable', 503, 'temporarily_unavailable'],
  ])('%s', (reason, status, error) => {
    const { headers, ...rest } = new Refusal(reason)
    expect(rest).toMatchObject({ status, error, reason })
    expect('WWW-Authenticate' in headers).toBe(status === 401)
    expect('Retry-After' in headers).toBe(status === 503)
  })
})

describe('Retry-After', () => {
  it.each([
    ['7', '7'],
    ['0', '1'],
    ['100000', '120'],
    ['soon', '1'],
    ['-5', '1'],
  ])('%s of the issuer is passed on as %s', async (given, sent) => {
    const { issuer, verifier } = await testBed()
    issuer.fail('introspection', { status: 429, headers: { 'retry-after': given } })
    const decision = await verifier.authorize(bearer(issuer.mintOpaque()))
    expect(decision.outcome === 'undecidable' && decision.refusal.headers['Retry-After']).toBe(sent)
  })

  it('that is a date is passed on in seconds', async () => {
    const { issuer, verifier, now } = await testBed()
    const date = new Date((now() + 42) * 1000).toUTCString()
    issuer.fail('introspection', { status: 503, headers: { 'retry-after': date } })
    const decision = await verifier.authorize(bearer(issuer.mintOpaque()))
    expect(decision.outcome === 'undecidable' && decision.refusal.headers['Retry-After']).toBe('42')
  })
})

describe('stack traces', () => {
  it('a refusal has no stack frames, and later errors have theirs', () => {
    expect(new Refusal('token_expired').stack).toBe('Refusal: The access token has expired.')
    expect(new Error('x').stack).toMatch(/\n +at /)
  })

  it('a refusal can be created while Error.stackTraceLimit is read-only', () => {
    const original = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')!
    Object.defineProperty(Error, 'stackTraceLimit', { ...original, writable: false })
    try {
      expect(new Refusal('token_expired').reason).toBe('token_expired')
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', original)
    }
  })
})

describe('a value that is not valid in a header', () => {
  it.each<readonly [string, RefusalDetails]>([
    ['a line break in a scope', { required: ['orders:read\r\nSet-Cookie: a=1'] }],
    ['a quote in a scope', { required: ['orders:read", realm="x'] }],
    ['a space in a scope', { required: ['a b'] }],
    ['an empty scope', { required: [''] }],
    ['a scope that is not a string', { required: [7] as never }],
    ['scopes as a string', { required: 'orders:read' as never }],
    ['a line break in a realm', { realm: 'api\r\nSet-Cookie: a=1' }],
    ['an empty realm', { realm: '' }],
    ['a realm beyond ASCII', { realm: 'b\u00fcro' }],
    ['seconds that are not a number', { retryAfterSeconds: Number.NaN }],
    ['a description that is not a string', { description: 7 as never }],
  ])('is refused by the constructor: %s', (_, details) => {
    for (const reason of ['scope_insufficient', 'issuer_unavailable'] as const)
      expect(() => new Refusal(reason, details)).toThrow(ConfigurationError)
  })

  it('is refused by withRealm', () => {
    expect(() => new Refusal('token_missing').withRealm('a\nb')).toThrow(ConfigurationError)
  })

  it.each(['made_up', '__proto__', 'constructor'])('is refused as a reason: %s', (reason) => {
    expect(() => new Refusal(reason as never)).toThrow(ConfigurationError)
  })

  it.each(['a\r\nb: c', 'a"b', 'a\\b', '\u00fc', '\u2028'])(
    'is replaced in a description: %j',
    (description) => {
      const { headers } = new Refusal('token_expired', { description })
      for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
    },
  )
})

it('an instance of a subclass is a Refusal, and a Refusal is not an instance of the subclass', () => {
  class CustomRefusal extends Refusal {}
  expect(new CustomRefusal('token_missing')).toBeInstanceOf(Refusal)
  expect(new Refusal('token_missing')).not.toBeInstanceOf(CustomRefusal)
  for (const value of [null, undefined, 'Refusal', { name: 'Refusal', status: 401, headers: {} }])
    expect(value).not.toBeInstanceOf(Refusal)
})
