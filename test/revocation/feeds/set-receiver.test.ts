import { describe, expect, it } from 'vitest'
import { ConfigurationError, memoryRevocations, type RevocationTarget } from '../../../src/index.js'
import { setReceiver, type SetReceiverOptions } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { bedWithRevocations, post, startSender } from './support.js'

const TRANSMITTER = 'https://transmitter.example.com'
const RECEIVER = 'https://orders.internal'
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/'
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'
const HEADERS = { 'content-type': 'application/secevent+jwt' }

async function start(options: Partial<SetReceiverOptions> = {}) {
  const [bed, sender] = [await bedWithRevocations(), await startSender()]
  const receive = setReceiver({
    issuer: TRANSMITTER,
    audience: RECEIVER,
    jwksUri: sender.jwksUri,
    verifier: bed.verifier,
    tokenIssuers: [bed.issuer.url],
    clock: bed.clock,
    ...options,
  })
  const claimsOf = (events: object, more: object = {}) => ({
    iss: TRANSMITTER,
    aud: RECEIVER,
    iat: NOW,
    jti: 'set-1',
    events,
    ...more,
  })
  const send = (claims: object, header: object = { typ: 'secevent+jwt' }) =>
    post(receive, sender.sign(claims, header), HEADERS)
  return { ...bed, sender, receive, claimsOf, send }
}

const listed = ({ verifier }: Awaited<ReturnType<typeof start>>) => verifier.revocations!.list()

describe('an event revokes what its subject identifies, and the response is 202', () => {
  it.each([
    [
      'CAEP session-revoked of a subject',
      `${CAEP}session-revoked`,
      { format: 'iss_sub', sub: 'machine-7' },
      'subject',
    ],
    [
      'CAEP token-claims-change of a token',
      `${CAEP}token-claims-change`,
      { format: 'jwt_id', jti: 'id-1' },
      'token',
    ],
    [
      'RISC account-disabled',
      'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
      { subject_type: 'iss-sub', sub: 'a' },
      'subject',
    ],
    ['OAuth client-disabled', `${OAUTH}client-disabled`, { format: 'iss_sub', sub: 'billing' }, 'client'],
    ['OAuth tokens-revoked of a client', `${OAUTH}tokens-revoked`, { client_id: 'billing' }, 'client'],
  ])('%s', async (_, type, subject, kind) => {
    const bed = await start()
    const claims = bed.claimsOf(
      { [type]: { event_timestamp: NOW - 60 } },
      { sub_id: { iss: bed.issuer.url, ...subject } },
    )
    expect(await bed.send(claims)).toMatchObject({ status: 202, json: undefined })
    const [entry, ...more] = listed(bed)
    expect(more).toEqual([])
    expect(entry).toMatchObject({
      kind,
      issuer: bed.issuer.url,
      reason: `security event ${type.split('/').at(-1)!}`,
    })
    // The end of the second of the event.
    if (kind !== 'token') expect(entry?.before).toBe(NOW - 59)
  })

  it('the subject may be part of the event, and a token may be sent itself', async () => {
    const bed = await start()
    const token = bed.jwt()
    const subject = { subject_type: 'oauth_token', token, token_identifier_alg: 'plain' }
    expect((await bed.send(bed.claimsOf({ [`${OAUTH}token-revoked`]: { subject } }))).status).toBe(202)
    expect(await bed.outcome(token)).toBe('token_revoked')
  })

  it('tokens that are issued after the event pass', async () => {
    const bed = await start()
    const before = bed.jwt({ subject: 'machine-7' })
    bed.pass(10)
    const after = bed.jwt({ subject: 'machine-7' })
    const sub_id = { format: 'iss_sub', iss: bed.issuer.url, sub: 'machine-7' }
    await bed.send(bed.claimsOf({ [`${CAEP}session-revoked`]: { event_timestamp: NOW + 5 } }, { sub_id }))
    expect(await bed.outcome(before)).toBe('token_revoked')
    expect(await bed.outcome(after)).toBe('accepted')
  })

  it.each([
    ['verification', `${SSF}verification`, { state: 'a' }],
    ['an unknown event', 'https://example.com/event', {}],
    [
      'a credential that was created',
      `${CAEP}credential-change`,
      { change_type: 'create', credential_type: 'x509' },
    ],
  ])('%s is accepted and has no effect', async (_, type, event) => {
    const bed = await start()
    expect(
      (await bed.send(bed.claimsOf({ [type]: event }, { sub_id: { format: 'opaque', id: 'a' } }))).status,
    ).toBe(202)
    expect(listed(bed)).toEqual([])
  })

  it('the option targets decides instead, for events and subjects of other kinds', async () => {
    const seen: unknown[] = []
    const bed = await start({
      targets: (event) => {
        seen.push(event)
        return [{ issuer: bed.issuer.url, clientId: 'mapped' }]
      },
    })
    const claims = bed.claimsOf(
      { 'https://example.com/event': { a: 1 } },
      { sub_id: { format: 'opaque', id: 'x' }, toe: NOW - 5 },
    )
    expect((await bed.send(claims)).status).toBe(202)
    expect(listed(bed)).toMatchObject([{ kind: 'client', clientId: 'mapped' }])
    expect(seen).toEqual([
      {
        type: 'https://example.com/event',
        payload: { a: 1 },
        subject: { format: 'opaque', id: 'x' },
        issuer: TRANSMITTER,
        id: 'set-1',
        time: NOW - 5,
      },
    ])
  })
})

it('a repeated jti is acknowledged and not processed again', async () => {
  const bed = await start()
  const claims = bed.claimsOf(
    { [`${OAUTH}client-disabled`]: {} },
    { sub_id: { iss: bed.issuer.url, client_id: 'a' } },
  )
  for (const _ of [1, 2]) expect((await bed.send(claims)).status).toBe(202)
  // Another content under the same id.
  expect((await bed.send({ ...claims, sub_id: { iss: bed.issuer.url, client_id: 'b' } })).status).toBe(202)
  expect(listed(bed)).toHaveLength(1)
})

it('a repetition after a restart refuses no token that was issued after the event, also with the option targets', async () => {
  const bed = await start()
  const targets = () => [
    { issuer: bed.issuer.url, clientId: 'mapped' },
    { issuer: bed.issuer.url, subject: 'mapped' },
  ]
  const { issuer, sender, verifier, clock } = bed
  const signed = sender.sign(bed.claimsOf({ 'https://example.com/event': {} }), { typ: 'secevent+jwt' })
  const receiveAnew = () =>
    post(
      setReceiver({
        issuer: TRANSMITTER,
        audience: RECEIVER,
        jwksUri: sender.jwksUri,
        verifier,
        clock,
        targets,
      }),
      signed,
      HEADERS,
    )
  bed.pass(60)
  for (const _ of [1, 2]) {
    expect((await receiveAnew()).status).toBe(202)
    expect(listed(bed)).toMatchObject([
      { issuer: issuer.url, before: NOW + 1 },
      { issuer: issuer.url, before: NOW + 1 },
    ])
    bed.pass(60)
  }
})

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
