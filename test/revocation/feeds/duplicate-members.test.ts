import { describe, expect, it } from 'vitest'
import { keycloakPush, setReceiver, webhookReceiver } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { bedWithRevocations, post, signedWebhook, startSender, WEBHOOK_SECRET } from './support.js'

const PROBLEM = 'an object must not have two members with the same name'
const TRANSMITTER = 'https://transmitter.example.com'
const EVENT = 'https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked'

async function start() {
  const [bed, sender] = [await bedWithRevocations(), await startSender()]
  const { verifier, clock, issuer } = bed
  const fetchKeys: typeof fetch = (_input, init) => fetch(sender.jwksUri, init)
  const { url } = issuer
  const events = setReceiver({
    issuer: TRANSMITTER,
    audience: 'orders',
    jwksUri: sender.jwksUri,
    tokenIssuers: [url],
    verifier,
    clock,
  })
  return {
    issuer: url,
    sender,
    listed: () => verifier.revocations!.list(),
    events,
    keycloak: keycloakPush({ issuer: url, resource: 'orders', verifier, clock, fetch: fetchKeys }),
    webhooks: webhookReceiver({
      secret: WEBHOOK_SECRET,
      verifier,
      clock,
      targets: ({ payload }) => [{ issuer: url, clientId: (payload as { client: string }).client }],
    }),
  }
}

type Bed = Awaited<ReturnType<typeof start>>

const setOf = ({ issuer }: Bed, more = ''): string => {
  const subject = JSON.stringify({ iss: issuer, client_id: 'billing' })
  return `{"iss":"${TRANSMITTER}","aud":"orders","iat":${NOW},"jti":"a","sub_id":${subject},"events":{"${EVENT}":{}}${more}}`
}
const pushOf = (more = ''): string =>
  `{"id":"a","expiration":${NOW + 30},"resource":"orders","action":"PUSH_NOT_BEFORE","notBefore":${NOW - 10}${more}}`
const SET_HEADERS = { 'content-type': 'application/secevent+jwt' }

describe('a message with a member twice is refused, because another parser may have used the other one', () => {
  it('a security event token: in the payload, in an event, and in the header', async () => {
    const bed = await start()
    const { sender, events } = bed
    const header = '{"alg":"ES256","kid":"sender","typ":"secevent+jwt"}'
    for (const [head, payload] of [
      [header, setOf(bed, ',"sub_id":{"iss":"a","client_id":"b"}')],
      [header, setOf(bed, ',"\\u0061ud":"orders"')],
      [header, setOf(bed).replace('{}}', '{"toe":1,"toe":2}}')],
      [header.replace('}', ',"typ":"secevent+jwt"}'), setOf(bed)],
    ] as const)
      expect(await post(events, sender.signText(payload, head), SET_HEADERS)).toMatchObject({
        status: 400,
        json: { err: 'invalid_request', description: PROBLEM },
      })
    expect(bed.listed()).toEqual([])
    expect((await post(events, sender.signText(setOf(bed), header), SET_HEADERS)).status).toBe(202)
  })

  it('a not-before of Keycloak', async () => {
    const { sender, keycloak, listed } = await start()
    const header = '{"alg":"ES256","kid":"sender"}'
    const twice = sender.signText(pushOf(',"notBefore":1'), header)
    expect(await post(keycloak, twice)).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: PROBLEM },
    })
    expect(listed()).toEqual([])
    expect((await post(keycloak, sender.signText(pushOf(), header))).status).toBe(204)
  })

  it('a webhook', async () => {
    const { webhooks, listed } = await start()
    const twice = '{"client":"billing","client":"orders"}'
    expect(await post(webhooks, twice, signedWebhook(twice))).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: PROBLEM },
    })
    expect(listed()).toEqual([])
    const once = '{"client":"billing","of":{"client":"orders"}}'
    expect((await post(webhooks, once, signedWebhook(once))).status).toBe(204)
  })
})
