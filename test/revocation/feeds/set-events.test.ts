import { describe, expect, it } from 'vitest'
import { setReceiver } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { post } from './support.js'
import { CAEP, HEADERS, listed, OAUTH, RECEIVER, start, TRANSMITTER } from './set-support.js'

const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/'

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
