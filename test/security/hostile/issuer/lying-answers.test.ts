import { describe, expect, it } from 'vitest'
import { authlete, clerk } from '../../../../src/index.js'
import type { Endpoint, Fault } from '../../../../src/testing/index.js'
import {
  attackBed,
  type AttackBed,
  type AttackBedOptions,
  AUDIENCE,
  MARK,
} from '../../../support/tokens/attack.js'

/** Sends a token twice, for which the issuer has this response. The second call shows whether the result was cached. */
async function ask(
  options: AttackBedOptions,
  endpoint: Endpoint,
  token: string,
  write: (bed: AttackBed) => Fault,
) {
  const bed = await attackBed(options)
  bed.issuer.fail(endpoint, write(bed))
  const outcome = await bed.outcome(token)
  const asked = bed.issuer.calls[endpoint]
  bed.pass(1)
  expect(await bed.outcome(token)).toBe(outcome)
  return { outcome, remembered: bed.issuer.calls[endpoint] === asked }
}

/** A response without a statement is undecidable and not cached; an inactive result is cached for some seconds. */
const OPEN = { outcome: 'issuer_unavailable', remembered: false }
function no(outcome: string) {
  return { outcome, remembered: true }
}

describe('J173: introspection', () => {
  const right = (bed: AttackBed) => ({
    active: true,
    sub: 'x',
    client_id: 'x',
    aud: AUDIENCE,
    scope: 'a',
    exp: bed.now() + 60,
  })
  const members = (change: object) => (bed: AttackBed) => ({ body: { ...right(bed), ...change } })
  const text = (write: (right: string) => string) => (bed: AttackBed) => ({
    body: write(JSON.stringify(right(bed))),
  })
  it.each<[string, (bed: AttackBed) => Fault, object]>([
    ['the truth', members({}), no('accepted')],
    ['active missing', members({ active: undefined }), OPEN],
    ['active "true"', members({ active: 'true' }), OPEN],
    ['active 1', members({ active: 1 }), OPEN],
    ['active an object', members({ active: {} }), OPEN],
    ['active a list', members({ active: [true] }), OPEN],
    ['active null', members({ active: null }), OPEN],
    ['active "false"', members({ active: 'false' }), OPEN],
    [
      'active twice, false last',
      text((body) => `${body.slice(0, -1)},"active":false}`),
      no('token_inactive'),
    ],
    ['active only in __proto__', () => ({ body: '{"__proto__":{"active":true},"sub":"x"}' }), OPEN],
    ['a list', text((body) => `[${body}]`), OPEN],
    ['null', () => ({ body: 'null' }), OPEN],
    ['true', () => ({ body: 'true' }), OPEN],
    ['a string', () => ({ body: '"active"' }), OPEN],
    ['no JSON', () => ({ body: `active=true&${MARK}` }), OPEN],
    ['two objects', text((body) => body + body), OPEN],
    ['a login page', () => 'html', OPEN],
    ['nothing', () => 'empty', OPEN],
    ['half of it', () => 'truncated', OPEN],
    ['a redirect, which is not followed', () => 'redirect', OPEN],
    ['another status', (bed) => ({ status: 203, body: right(bed) }), OPEN],
    [
      'a JWT (RFC 9701)',
      (bed) => ({
        body: bed.token(),
        headers: { 'content-type': 'application/token-introspection+jwt' },
      }),
      OPEN,
    ],
    [
      'the truth as text/plain',
      (bed) => ({ ...members({})(bed), headers: { 'content-type': 'text/plain' } }),
      no('accepted'),
    ],
    ['more than 64 KiB', members({ pad: 'x'.repeat(64 * 1024) }), OPEN],
    ['another issuer', members({ iss: 'https://evil.test' }), no('claim_invalid')],
    ['an issuer that is a list', (bed) => members({ iss: [bed.issuer.url] })(bed), no('claim_invalid')],
    ['scope an object', members({ scope: { a: true } }), no('claim_invalid')],
    ['scope a number', members({ scope: 7 }), no('claim_invalid')],
    ['sub a list', members({ sub: ['x'] }), no('claim_invalid')],
    ['nobody', members({ sub: undefined, client_id: undefined }), no('claim_missing')],
    ['exp is a string', members({ exp: '9999999999' }), no('claim_invalid')],
    ['exp in milliseconds', members({ exp: 1_900_000_000_000 }), no('claim_invalid')],
    ['exp endless', text((body) => body.replace(/"exp":[\d.]+/, '"exp":1e309')), no('claim_invalid')],
    ['bound to a key', members({ cnf: { jkt: MARK } }), no('proof_missing')],
    ['token_type DPoP', members({ token_type: 'DPoP' }), no('proof_missing')],
    ['token_type a list', members({ token_type: ['Bearer'] }), no('type_not_allowed')],
  ])('%s', async (_, write, expected) => {
    expect(await ask({}, 'introspection', 'ref_some-token', write)).toEqual(expected)
  })

  it('facts that are not for us, not now, or not enough are refused whatever the issuer calls them', async () => {
    const bed = await attackBed()
    const said = async (change: object): Promise<string> => {
      bed.issuer.fail('introspection', members(change)(bed))
      return bed.outcome(`ref_${JSON.stringify(change).replace(/\W/g, '')}`, { scopes: 'a' })
    }
    expect(await said({ aud: 'x' })).toBe('audience_mismatch')
    expect(await said({ aud: undefined })).toBe('audience_mismatch')
    expect(await said({ exp: 1 })).toBe('token_expired')
    expect(await said({ nbf: bed.now() + 60 })).toBe('token_not_active_yet')
    expect(await said({ iat: bed.now() + 60 })).toBe('issued_in_future')
    expect(await said({ scope: 'b' })).toBe('scope_insufficient')
    expect(await said({ scope: undefined, scopes: ['a'] })).toBe('scope_insufficient')
  })

  it('J175: a token with form characters arrives complete, and is in no URL', async () => {
    const bed = await attackBed()
    const seen: string[] = []
    bed.issuer.fail('introspection', (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        seen.push(new URLSearchParams(body).get('token') ?? '')
        expect(request.url).not.toContain('ref_')
        response.end('{"active":false}')
      })
    })
    expect(await bed.outcome('ref_a+b/c~d.e-f_g==')).toBe('token_inactive')
    expect(seen).toEqual(['ref_a+b/c~d.e-f_g=='])
  })
})

describe('Clerk', () => {
  const options: AttackBedOptions = { issuers: (by) => [clerk(by.clerk())] }
  const right = (bed: AttackBed) => ({
    object: 'machine_to_machine_token',
    id: 'mt_1',
    subject: 'mch_sender',
    scopes: ['mch_receiver'],
    claims: { scope: 'a' },
    revoked: false,
    expired: false,
    created_at: bed.now() * 1000,
    expiration: (bed.now() + 60) * 1000,
  })
  const members = (change: object) => (bed: AttackBed) => ({
    status: 200,
    body: { ...right(bed), ...change },
  })
  it.each<[string, (bed: AttackBed) => Fault, object]>([
    ['the truth', members({}), no('accepted')],
    ['another kind of object', members({ object: 'session' }), OPEN],
    ['no kind of object', members({ object: undefined }), OPEN],
    ['revoked missing', members({ revoked: undefined }), OPEN],
    ['revoked "false"', members({ revoked: 'false' }), OPEN],
    ['revoked 0', members({ revoked: 0 }), OPEN],
    ['expired null', members({ expired: null }), OPEN],
    ['revoked', members({ revoked: true }), no('token_inactive')],
    ['expired', members({ expired: true }), no('token_expired')],
    ['the subject is a user', members({ subject: 'user_1' }), OPEN],
    ['the subject is a list', members({ subject: ['mch_sender'] }), OPEN],
    ['scopes as a string', members({ scopes: 'mch_receiver' }), OPEN],
    ['scopes as an object', members({ scopes: { mch_receiver: true } }), OPEN],
    ['an expiry that is a string', members({ expiration: 'never' }), OPEN],
    ['an expiry that is negative', members({ expiration: -1 }), OPEN],
    ['claims that grant with an object', members({ claims: { scope: { a: true } } }), no('claim_invalid')],
    ['a list', (bed) => ({ status: 200, body: [right(bed)] }), OPEN],
    [
      'everything in __proto__',
      (bed) => ({ status: 200, body: `{"__proto__":${JSON.stringify(right(bed))}}` }),
      OPEN,
    ],
    ['a 404 that is not from Clerk', () => ({ status: 404, body: 'not here' }), OPEN],
    ['a 404 of Clerk', () => ({ status: 404, body: { errors: [] } }), no('token_inactive')],
  ])('%s', async (_, write, expected) => {
    expect(await ask(options, 'clerkVerify', 'mt_some-token', write)).toEqual(expected)
  })

  it('custom claims do not overrule whose token it is', async () => {
    const bed = await attackBed(options)
    const claims = { sub: 'mch_other', jti: 'x', exp: 9_999_999_999, iat: 1, scope: 'a' }
    bed.issuer.fail('clerkVerify', members({ claims })(bed))
    const token = await bed.verifier.verify('mt_some-token')
    expect(token).toMatchObject({ subject: 'mch_sender', tokenId: 'mt_1', expiresAt: bed.now() + 60 })
    expect(token.claims).toMatchObject({ sub: 'mch_sender', jti: 'mt_1', exp: bed.now() + 60 })
  })
})

describe('Authlete', () => {
  const options: AttackBedOptions = { issuers: (by) => [authlete(by.authlete())] }
  const right = (bed: AttackBed) => ({
    action: 'OK',
    existent: true,
    usable: true,
    sufficient: true,
    clientId: 42,
    subject: 'x',
    scopes: ['a'],
    accessTokenResources: [AUDIENCE],
    expiresAt: (bed.now() + 60) * 1000,
  })
  const members = (change: object) => (bed: AttackBed) => ({ body: { ...right(bed), ...change } })
  it.each<[string, (bed: AttackBed) => Fault, object]>([
    ['the truth', members({}), no('accepted')],
    ['action missing', members({ action: undefined }), OPEN],
    ['action in lower case', members({ action: 'ok' }), OPEN],
    ['action a list', members({ action: ['OK'] }), OPEN],
    ['action true', members({ action: true }), OPEN],
    ['usable "true"', members({ usable: 'true' }), no('token_inactive')],
    ['existent missing', members({ existent: undefined }), no('token_inactive')],
    ['scopes as a string', members({ scopes: 'a' }), OPEN],
    ['scopes as an object', members({ scopes: { a: true } }), OPEN],
    ['an expiry that is a string', members({ expiresAt: 'never' }), OPEN],
    ['no expiry', members({ expiresAt: undefined }), OPEN],
    ['nobody', members({ subject: undefined, clientId: undefined }), OPEN],
    [
      'a client id beyond what a number tells apart',
      members({ subject: undefined, clientId: 2 ** 53 }),
      OPEN,
    ],
    ['bound to a certificate', members({ certificateThumbprint: 'x' }), no('proof_missing')],
    ['everything in __proto__', (bed) => ({ body: `{"__proto__":${JSON.stringify(right(bed))}}` }), OPEN],
    ['a list', (bed) => ({ body: [right(bed)] }), OPEN],
  ])('%s', async (_, write, expected) => {
    expect(await ask(options, 'authleteIntrospection', 'some-token', write)).toEqual(expected)
  })
})
