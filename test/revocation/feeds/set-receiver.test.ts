import { describe, expect, it } from 'vitest'
import { ConfigurationError, memoryRevocations, type RevocationTarget } from '../../../src/index.js'
import { setReceiver } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { post } from './support.js'
import { CAEP, HEADERS, listed, OAUTH, RECEIVER, start, TRANSMITTER } from './set-support.js'

describe('a token that is not a security event of the transmitter for this receiver is refused', () => {
  const change = (claims: object) => (bed: Awaited<ReturnType<typeof start>>) =>
    bed.send({ ...bed.claimsOf(EVENTS), ...claims })
  const EVENTS = { [`${CAEP}session-revoked`]: {} }
  it.each([
    ['another issuer', change({ iss: 'https://other.example.com' }), 'invalid_issuer'],
    ['another audience', change({ aud: ['https://other.internal'] }), 'invalid_audience'],
    ['no audience', change({ aud: undefined }), 'invalid_audience'],
    ['an access token: sub', change({ sub: 'a' }), 'invalid_request'],
    ['an access token: exp', change({ exp: NOW + 60 }), 'invalid_request'],
    ['no jti', change({ jti: '' }), 'invalid_request'],
    ['no events', change({ events: {} }), 'invalid_request'],
    ['iat in the future', change({ iat: NOW + 6 }), 'invalid_request'],
    [
      'an event in the future',
      change({ sub_id: { format: 'iss_sub', iss: 'a', sub: 'b' }, toe: NOW + 3600 }),
      'invalid_request',
    ],
    [
      'a subject that identifies no token',
      change({ sub_id: { format: 'email', email: 'a@example.com' } }),
      'invalid_request',
    ],
    [
      'a subject of an issuer that the transmitter may not revoke',
      change({ sub_id: { format: 'iss_sub', iss: 'https://other.example.com', sub: 'b' } }),
      'invalid_request',
    ],
  ] as const)('%s', async (_, send, err) => {
    const bed = await start()
    const { status, json } = await send(bed)
    expect({ status, json }).toEqual({ status: 400, json: { err, description: expect.any(String) as never } })
    expect(listed(bed)).toEqual([])
  })

  it('another type, media type, method or form costs no call for keys', async () => {
    const bed = await start()
    const claims = bed.claimsOf(EVENTS)
    for (const typ of ['at+jwt', 'JWT', undefined]) expect((await bed.send(claims, { typ })).status).toBe(400)
    const signed = bed.sender.sign(claims, { typ: 'secevent+jwt' })
    expect((await post(bed.receive, signed, { 'content-type': 'text/plain' })).status).toBe(400)
    expect((await post(bed.receive, 'no JWT', HEADERS)).status).toBe(400)
    expect(await post(bed.receive, '', {}, 'GET')).toMatchObject({ status: 405 })
    expect(bed.sender.fetches()).toBe(0)
  })

  it('a signature of another key, and an unsigned token', async () => {
    const bed = await start()
    const header = { typ: 'secevent+jwt', kid: 'sender' }
    const forged = seal(keyOf('ES256', 'other'), { alg: 'ES256', ...header }, bed.claimsOf(EVENTS))
    const unsigned = bed.sender.sign(bed.claimsOf(EVENTS), { ...header, alg: 'none' })
    for (const token of [forged, unsigned])
      expect(await post(bed.receive, token, HEADERS)).toMatchObject({
        status: 400,
        json: { err: 'invalid_key' },
      })
  })

  it('while the keys of the transmitter are unavailable, it gets 503 and repeats the token', async () => {
    const bed = await start()
    bed.sender.fail()
    const { status, headers } = await bed.send(bed.claimsOf(EVENTS))
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toMatch(/^\d+$/)
  })
})

it('a revocation that is not stored gets 503, and its repetition is processed', async () => {
  const bed = await start()
  let isStored = false
  const revocations = memoryRevocations()
  const verifier = {
    revoke: (target: RevocationTarget) =>
      isStored ? revocations.revoke(target) : Promise.reject(new Error('connect redis.internal')),
  }
  const receive = setReceiver({
    issuer: TRANSMITTER,
    audience: [RECEIVER],
    jwksUri: bed.sender.jwksUri,
    verifier,
    clock: bed.clock,
  })
  const token = bed.sender.sign(
    bed.claimsOf({ [`${OAUTH}client-disabled`]: {} }, { sub_id: { client_id: 'a' } }),
    { typ: 'secevent+jwt' },
  )
  const failed = await post(receive, token, HEADERS)
  expect(failed.status).toBe(503)
  expect(JSON.stringify(failed.json)).not.toContain('redis.internal')
  isStored = true
  expect((await post(receive, token, HEADERS)).status).toBe(202)
  expect(revocations.list()).toMatchObject([{ kind: 'client', issuer: TRANSMITTER, clientId: 'a' }])
})

it.each([
  ['setReceiver.issuer', { issuer: undefined }],
  ['setReceiver.audience', { audience: undefined }],
  ['setReceiver.jwksUri', { jwksUri: 'http://transmitter.example.com/jwks' }],
  ['setReceiver.verifier', { verifier: undefined }],
  ['setReceiver.tokenIssuers', { tokenIssuers: undefined }],
  ['setReceiver.issuers', { issuers: [] }],
])('the error for an invalid option names it: %s', async (name, options) => {
  await expect(start(options as never)).rejects.toThrow(ConfigurationError)
  await expect(start(options as never)).rejects.toMatchObject({ option: name })
})
