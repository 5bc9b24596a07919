import { describe, expect, it } from 'vitest'
import { keycloakPush } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { serve } from '../../support/servers/servers.js'
import { bedWithRevocations, post, startSender } from './support.js'

async function start() {
  const [bed, sender] = [await bedWithRevocations(), await startSender()]
  const realm = bed.issuer.url
  // The keys of the realm are those of the sender.
  const fetchKeys: typeof fetch = (_input, init) => fetch(sender.jwksUri, init)
  const receive = keycloakPush({
    issuer: realm,
    resource: 'orders',
    verifier: bed.verifier,
    clock: bed.clock,
    fetch: fetchKeys,
  })
  const message = (more: object = {}) =>
    sender.sign({
      id: `id-${JSON.stringify(more)}`,
      expiration: NOW + 30,
      resource: 'orders',
      action: 'PUSH_NOT_BEFORE',
      notBefore: NOW - 10,
      ...more,
    })
  return {
    ...bed,
    sender,
    receive,
    send: (more?: object) => post(receive, message(more), { 'content-type': 'text/plain' }),
  }
}

it('a pushed not-before refuses tokens of the realm that were issued before, and no later ones', async () => {
  const bed = await start()
  const token = bed.jwt({ age: 60 })
  expect(await bed.send()).toMatchObject({ status: 204, json: undefined })
  expect(await bed.outcome(token)).toBe('token_revoked')
  expect(await bed.outcome(bed.jwt())).toBe('accepted')
})

it('an earlier not-before and a cleared one have no effect after a later one', async () => {
  const bed = await start()
  const token = bed.jwt({ age: 60 })
  for (const notBefore of [NOW - 10, NOW - 3600, 0]) expect((await bed.send({ notBefore })).status).toBe(204)
  expect(await bed.outcome(token)).toBe('token_revoked')
  expect(bed.verifier.revocations!.list()).toMatchObject([{ kind: 'issuer', before: NOW - 10 }])
})

describe('a message is refused with', () => {
  it.each([
    ['another resource', { resource: 'billing' }],
    ['another action', { action: 'LOGOUT' }],
    ['an expiration that has passed', { expiration: NOW }],
    ['no expiration', { expiration: undefined }],
    ['no id', { id: undefined }],
    ['a not-before that is not a number', { notBefore: '1' }],
    ['a not-before in the future', { notBefore: NOW + 3600 }],
    ['a not-before in milliseconds', { notBefore: NOW * 1000 }],
  ])('%s', async (_, more) => {
    const bed = await start()
    expect(await bed.send(more)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(bed.verifier.revocations!.list()).toEqual([])
  })

  it('a signature of another key', async () => {
    const bed = await start()
    const other = bed.jwt({
      claims: {
        action: 'PUSH_NOT_BEFORE',
        resource: 'orders',
        id: 'a',
        expiration: NOW + 30,
        notBefore: NOW,
      },
    })
    expect((await post(bed.receive, other)).status).toBe(400)
    expect(bed.verifier.revocations!.list()).toEqual([])
  })
})

it('the keys are those of the realm: {issuer}/protocol/openid-connect/certs', async () => {
  const bed = await start()
  const paths: (string | undefined)[] = []
  const url = await serve((request, response) => {
    paths.push(request.url)
    response.writeHead(404).end()
  })
  const receive = keycloakPush({
    issuer: `${url}/realms/a`,
    resource: 'orders',
    // Without a verifier there are no issuers that must include the realm.
    verifier: bed.verifier.revocations!,
    clock: bed.clock,
  })
  const message = bed.sender.sign({
    id: 'a',
    expiration: NOW + 30,
    resource: 'orders',
    action: 'PUSH_NOT_BEFORE',
    notBefore: 1,
  })
  expect((await post(receive, message)).status).toBe(503)
  expect(paths).toEqual(['/realms/a/protocol/openid-connect/certs'])
})
