import { describe, expect, it } from 'vitest'
import { clerk } from '../../src/index.js'
import type { Fault } from '../../src/testing/index.js'
import { passDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { Flood, hang, inTurn, redirect, says, saysJson, saysRaw } from '../support/servers/misbehaviours.js'
import { NOW } from '../support/clock.js'
import { misbehaviours, undecidable, until } from './support.js'
import { introspectionBed, type TestBed } from '../support/test-bed.js'

const ACTIVE = { active: true, sub: 'billing', scope: 'a b', aud: 'https://api.test' }
const GOOD = JSON.stringify(ACTIVE)

/** A fault, and the number of calls that one request causes. */
type Row = [name: string, how: Fault, calls?: number]

/** No response. The first fault looks temporary, so the call is retried. */
const UNANSWERED: Readonly<Record<string, number>> = {
  'F29 a reset connection': 2,
  'F29 no response': 1,
  'F29 headers and no body': 1,
  'F29 half a body': 1,
  'F29 a body byte by byte': 1,
  'F29 headers without end': 1,
}

/** A response that may be about this token only, so that the guard sends a probe too. */
const WITH_PROBE = 2

const unreadable: readonly Row[] = [
  ...misbehaviours('question').map(([name, make]): Row => [name, make(GOOD), UNANSWERED[name] ?? WITH_PROBE]),
  ['F30 a 500', 500],
  ['F30 a 501', 501],
  ['F30 a 502', 502, 2 * WITH_PROBE],
  ['F30 a 503', 503, 2 * WITH_PROBE],
  ['F30 a 504', 504, 2 * WITH_PROBE],
  ['F33 a redirect to another', redirect('http://127.0.0.1:1/stolen', 308)],
  ['F34 a list', says(200, '[true]')],
  ['F34 a string', says(200, '"active"')],
  [
    'F34 a JWT',
    says(200, 'eyJhbGciOiJub25lIn0.eyJhY3RpdmUiOnRydWV9.', { 'content-type': 'application/jwt' }),
  ],
  ['F34 bytes that are not UTF-8', says(200, Buffer.from('{"active":true,"x":"\xff"}', 'latin1'))],
  ['F34 bytes that are not HTTP', saysRaw('garbage\r\n\r\n'), 2],
  ['F35 active as a string', saysJson(200, { ...ACTIVE, active: 'true' })],
  ['F35 active as a number', saysJson(200, { ...ACTIVE, active: 1 })],
  ['F35 active as an object', saysJson(200, { ...ACTIVE, active: {} })],
  ['F35 no active', saysJson(200, { sub: 'billing' })],
  ['F36 active under a page', says(200, GOOD, { 'content-type': 'text/html; charset=utf-8' })],
  ['F36 active under a page, in XML', says(200, GOOD, { 'content-type': 'Application/XHTML+XML' })],
  ['F36 active under JSON and a page', says(200, GOOD, { 'content-type': 'application/json, text/html' })],
  ['F36 active under a 201', saysJson(201, ACTIVE)],
  ['F36 active under a 202', saysJson(202, ACTIVE)],
  ['F36 active under a 206', saysJson(206, ACTIVE)],
  ['F36 active under a 500', saysJson(500, ACTIVE)],
  ['F40 20 MB', new Flood(' ', 20_000_000).handler],
  ['F40 20 MB declared', new Flood(' ', 20_000_000, { 'content-length': '20000000' }).handler],
]

describe('in place of an introspection response comes', () => {
  it.each<Row>(unreadable)(
    '%s: undecidable, nothing is cached, and the next call decides',
    async (_, how, calls = WITH_PROBE) => {
      const { issuer, opaque, answer, health } = await introspectionBed()
      const token = opaque()
      issuer.fail('introspection', how)
      expect(await answer(token)).toEqual(undecidable('issuer_unavailable', 1))
      expect(issuer.calls.introspection).toBe(calls)
      expect(issuer.calls.unknown).toBe(0)
      expect(health().remote).toMatchObject({ status: 'down', breaker: 'closed' })
      issuer.heal()
      expect((await answer(token)).status).toBe(200)
      expect(issuer.calls.introspection).toBe(calls + 1)
      expect(health().remote).toMatchObject({ status: 'ok' })
    },
  )

  it.each([
    ['F30 a 400', 400, 'issuer_refused_us'],
    ['F30 a 403', 403, 'issuer_refused_us'],
    ['F30 a 404', 404, 'issuer_unavailable'],
    ['F30 a 405', 405, 'issuer_unavailable'],
    ['F30 a 410', 410, 'issuer_unavailable'],
    ['F30 a 413', 413, 'issuer_unavailable'],
    ['F30 a 422', 422, 'issuer_unavailable'],
  ])(
    '%s: undecidable, nothing is cached; other tokens are unaffected, because an unauthenticated caller may have caused it',
    async (_, status, reason) => {
      const { issuer, opaque, answer, health, issuerEvents } = await introspectionBed()
      const token = opaque()
      issuer.fail('introspection', status)
      for (let question = 1; question <= 4; question += 1) {
        expect(await answer(opaque())).toEqual(undecidable(reason, 1))
        expect(issuer.calls.introspection).toBe(question)
      }
      expect(health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
      expect(issuerEvents).toEqual([])
      // Five consecutive ones are reported, and still no other token is affected.
      for (let question = 5; question <= 20; question += 1) await answer(opaque())
      expect(issuer.calls.introspection).toBe(20)
      expect(health().remote).toMatchObject({ status: 'down', breaker: 'closed' })
      expect(issuerEvents.map(({ kind }) => kind)).toEqual(status === 403 ? ['credentials_refused'] : [])
      issuer.heal()
      expect((await answer(token)).status).toBe(200)
      expect(health().remote).toMatchObject({ status: 'ok' })
    },
  )

  it('F40 an endless body is read up to the limit only', async () => {
    const { issuer, opaque, answer } = await introspectionBed()
    const flood = new Flood(' ')
    issuer.fail('introspection', flood.handler)
    await answer(opaque())
    // Two responses: that of the probe is limited too.
    expect(flood.sent).toBeLessThan(16_000_000)
  })
})

describe('an active result with a duplicate member', () => {
  it.each<[string, string]>([
    ['F35 active, no and yes', GOOD.replace('{', '{"active":false,')],
    ['F35 active, both yes', GOOD.replace('{', '{"active":true,')],
    ['F35 active, once in disguise', GOOD.replace('{', '{"\\u0061ctive" : false,')],
    ['a scope', GOOD.replace('{', '{"scope":"",')],
    ['a member of a member', GOOD.replace('{', '{"act":[{"sub":"a","sub":"b"}],')],
  ])('%s: refused, and no other token is affected', async (_, body) => {
    const { issuer, opaque, answer, health } = await introspectionBed()
    issuer.fail('introspection', says(200, body))
    const odd = opaque()
    for (let times = 0; times < 3; times += 1)
      expect(await answer(odd)).toMatchObject({ status: 401, reason: 'claim_invalid' })
    expect(issuer.calls.introspection).toBe(1)
    for (let token = 0; token < 8; token += 1) expect((await answer(opaque())).status).toBe(401)
    expect(health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    issuer.heal()
    expect((await answer(opaque())).status).toBe(200)
  })
})

describe('not a fault of a response:', () => {
  const nested = {
    x: '{"active":false,"active":{',
    y: { active: false, list: [{ a: 1 }, { a: 2 }] },
    z: '\\"',
  }
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['no media type', GOOD, {}],
    ['text/plain', GOOD, { 'content-type': 'text/plain' }],
    ['a media type with a parameter', GOOD, { 'content-type': 'application/json;charset=UTF-8' }],
    ['a custom media type', GOOD, { 'content-type': 'application/vnd.text/html+json' }],
    ['one name in several objects, and in strings', JSON.stringify({ ...ACTIVE, ...nested }), {}],
    ['one name in two cases', JSON.stringify({ ...ACTIVE, Active: false }), {}],
    ['a long string', JSON.stringify({ ...ACTIVE, long: '\\"{'.repeat(2500) }), {}],
  ])('%s', async (_, body, headers) => {
    const { issuer, opaque, answer } = await introspectionBed()
    issuer.fail('introspection', says(200, body, headers))
    expect((await answer(opaque())).status).toBe(200)
  })
})

describe('a temporary failure', () => {
  it.each<[string, Fault]>([
    ['a reset', { how: 'reset', times: 1 }],
    ['a 502', { status: 502, times: 1 }],
    ['a 503', { status: 503, times: 1 }],
    ['a 504', { status: 504, times: 1 }],
  ])('F28 %s is hidden by the one retry, without an event', async (_, how) => {
    const { issuer, opaque, answer, health, issuerEvents } = await introspectionBed()
    issuer.fail('introspection', how)
    expect((await answer(opaque())).status).toBe(200)
    expect(issuer.calls.introspection).toBe(2)
    expect(health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    expect(issuerEvents).toEqual([])
  })

  it('F29 a failed first attempt and a hanging second attempt share one deadline', async () => {
    const { issuer, opaque, answer } = await introspectionBed({ deadline: 10 })
    const gate = issuer.gate('introspection')
    issuer.fail('introspection', inTurn(says(503), hang))
    const asked = answer(opaque())
    await gate.waiting
    passDeadlines(8)
    gate.release()
    await until(() => issuer.calls.introspection === 2)
    // Eight of ten seconds have passed. The pause before the second attempt takes no time in tests.
    expect(runningDeadlines()).toEqual([2])
    expect(await asked).toEqual(undecidable('issuer_unavailable', 1))
    expect(issuer.calls.introspection).toBe(2)
  })

  it('F29 there is no retry with retries: 0', async () => {
    const { issuer, opaque, answer } = await introspectionBed({ retries: 0 })
    issuer.fail('introspection', 'reset')
    await answer(opaque())
    expect(issuer.calls.introspection).toBe(1)
  })
})

describe('responses that contradict themselves', () => {
  const told = (answer: Record<string, unknown>) => async (bed: TestBed) => {
    bed.issuer.fail('introspection', saysJson(200, answer))
    return bed.answer(bed.opaque())
  }

  it.each<[string, Record<string, unknown>, string]>([
    ['F37 exp that has passed', { exp: NOW - 60 }, 'token_expired'],
    ['F37 exp as a string', { exp: 'tomorrow' }, 'claim_invalid'],
    ['F37 exp negative', { exp: -1 }, 'claim_invalid'],
    ['F37 exp in milliseconds', { exp: (NOW + 3600) * 1000 }, 'claim_invalid'],
    ['F38 another audience', { aud: 'https://other.test' }, 'audience_mismatch'],
    ['F38 no audience', { aud: undefined }, 'audience_mismatch'],
    ['F38 another issuer', { iss: 'https://other.test' }, 'claim_invalid'],
    ['F38 nbf ahead', { nbf: NOW + 60 }, 'token_not_active_yet'],
    ['F38 iat ahead', { iat: NOW + 60 }, 'issued_in_future'],
    ['F38 a refresh token', { token_type: 'refresh_token' }, 'type_not_allowed'],
    ['F38 the use of a refresh token', { token_use: 'refresh' }, 'type_not_allowed'],
    ['F38 the purpose of a refresh token', { purpose: 'refresh_token' }, 'type_not_allowed'],
    ['F38 the type of an ID token', { typ: 'ID' }, 'type_not_allowed'],
    [
      'F38 a refresh token by its URN',
      { token_use: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'type_not_allowed',
    ],
    ['F38 a DPoP token', { token_type: 'DPoP' }, 'proof_missing'],
    ['F38 scope of another type', { scope: 7 }, 'claim_invalid'],
  ])('%s: refused although active', async (_, lie, reason) => {
    const { status, reason: why } = await told({ ...ACTIVE, ...lie })(await introspectionBed())
    expect([status, why]).toEqual([401, reason])
  })

  it('F37 exp that JSON cannot hold: undecidable or refused, never accepted', async () => {
    for (const exp of ['1e309', 'NaN', '-1e309']) {
      const bed = await introspectionBed()
      bed.issuer.fail(
        'introspection',
        says(200, `{"active":true,"sub":"x","aud":"https://api.test","exp":${exp}}`),
      )
      expect((await bed.answer(bed.opaque())).status).not.toBe(200)
    }
  })

  it('F39 a result is cached for the introspected token, and for no other', async () => {
    const { issuer, answer, opaque } = await introspectionBed()
    const [mine, other] = [opaque(), opaque()]
    issuer.fail('introspection', { body: ACTIVE, times: 1 })
    expect((await answer(mine)).status).toBe(200)
    issuer.fail('introspection', saysJson(200, { active: false }))
    expect((await answer(other)).status).toBe(401)
    expect((await answer(mine)).status).toBe(200)
    expect(issuer.calls.introspection).toBe(2)
  })

  it('F30 at Clerk a 404 without its error is a fault, and a 404 about the resource an inactive result', async () => {
    const bed = await introspectionBed({}, { issuers: (by) => [clerk(by.clerk())] })
    const token = bed.issuer.mintOpaque({ provider: 'clerk' })
    bed.issuer.fail('clerkVerify', htmlPageUnder404)
    expect(await bed.answer(token)).toEqual(undecidable('issuer_unavailable', 1))
    bed.issuer.fail('clerkVerify', saysJson(404, { errors: [{ code: 'resource_not_found' }] }))
    expect(await bed.answer(token)).toMatchObject({ status: 401, reason: 'token_inactive' })
  })
})

const htmlPageUnder404 = says(404, '<h1>Not found</h1>', { 'content-type': 'text/html' })
