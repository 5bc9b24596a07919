import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { guard } from '../../../adapters/express.js'
import { revocationEndpoint } from '../../../adapters/fetch.js'
import { ConfigurationError, memoryRevocations, oauth, type RevocationTarget } from '../../../src/index.js'
import {
  keycloakPush,
  setReceiver,
  webhookReceiver,
  type KeycloakPushOptions,
  type SetReceiverOptions,
} from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { thrownBy } from '../../support/outcomes.js'
import { testBed } from '../../support/test-bed.js'
import { bedWithRevocations, post, signedWebhook, startSender, WEBHOOK_SECRET } from './support.js'

const OTHER = 'https://other.example.com'
const TRANSMITTER = 'https://transmitter.example.com'
const EVENT = 'https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked'
const SET_HEADERS = { 'content-type': 'application/secevent+jwt' }

async function start() {
  const [bed, sender] = [await bedWithRevocations(), await startSender()]
  const events = (options: Partial<SetReceiverOptions>) =>
    setReceiver({
      issuer: TRANSMITTER,
      audience: 'https://orders.internal',
      jwksUri: sender.jwksUri,
      verifier: bed.verifier,
      clock: bed.clock,
      ...options,
    })
  const sendEvent = (receive: ReturnType<typeof setReceiver>, sub_id: object) => {
    const claims = { iss: TRANSMITTER, aud: 'https://orders.internal', iat: NOW, jti: 'set-1' }
    const token = sender.sign({ ...claims, sub_id, events: { [EVENT]: {} } }, { typ: 'secevent+jwt' })
    return post(receive, token, SET_HEADERS)
  }
  const keycloak = (options: Partial<KeycloakPushOptions>) =>
    keycloakPush({ issuer: bed.issuer.url, resource: 'orders', verifier: bed.verifier, ...options })
  return { ...bed, sender, events, sendEvent, keycloak }
}

describe('an issuer that the verifier does not have is an error at start, which names the option', () => {
  it.each<[string, string, (bed: Awaited<ReturnType<typeof start>>) => unknown]>([
    ['tokenIssuers', 'setReceiver.tokenIssuers', ({ events }) => events({ tokenIssuers: [OTHER] })],
    [
      'one of several tokenIssuers',
      'setReceiver.tokenIssuers',
      ({ events, issuer }) => events({ tokenIssuers: [issuer.url, OTHER] }),
    ],
    ['the transmitter, without tokenIssuers', 'setReceiver.tokenIssuers', ({ events }) => events({})],
    ['the realm', 'keycloakPush.issuer', ({ keycloak }) => keycloak({ issuer: OTHER })],
    [
      'a policy of the endpoint',
      'revocationEndpoint: policy.issuers',
      ({ verifier }) => revocationEndpoint(verifier, { scopes: 'a', issuers: OTHER }),
    ],
  ])('%s', async (_, option, create) => {
    const bed = await start()
    const failure = thrownBy(() => create(bed))
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(failure).toHaveProperty('option', option)
    expect((failure as Error).message).toContain('is not a configured issuer')
    expect((failure as Error).message).toContain(bed.issuer.url)
  })

  it('a name, an iss and a tenant of the verifier are accepted, and so is an issuer of revocations without a verifier', async () => {
    const { events, keycloak, issuer } = await start()
    events({ tokenIssuers: [issuer.url] })
    keycloak({})
    const { verifier } = await testBed({
      revocations: memoryRevocations(),
      issuers: () => [oauth({ issuer: `${OTHER}/{tenant}`, audience: null, tenants: () => true })],
    })
    events({ verifier, tokenIssuers: [`${OTHER}/a`, `${OTHER}/{tenant}`] })
    revocationEndpoint(verifier, { scopes: 'a', issuers: `${OTHER}/a` })
    expect(() => events({ verifier, tokenIssuers: [TRANSMITTER] })).toThrow(ConfigurationError)
    events({ verifier: memoryRevocations() })
    // A function may map the events of any transmitter.
    events({ targets: () => [] })
    // Policies of other guards may name an issuer that is configured elsewhere.
    guard(verifier, { issuers: OTHER })
  })
})

describe('the response to a sender has the error code of the protocol, and nothing about this service', () => {
  it.each([
    ['a client id that is too long', { format: 'iss_sub', client_id: 'a'.repeat(5000) }],
    ['an opaque token that is too long', { format: 'oauth_token', token: 'a'.repeat(20_000) }],
    ['a JWT that is not one of the issuer', { format: 'oauth_token', token: 'forged' }],
  ])('an event with %s', async (_, subject) => {
    const bed = await start()
    const iss = bed.issuer.url
    const [header = '', payload = ''] = bed.jwt().split('.')
    const forged = `${header}.${payload}.${'A'.repeat(86)}`
    const sub_id = 'token' in subject && subject.token === 'forged' ? { ...subject, token: forged } : subject
    const receive = bed.events({ tokenIssuers: [iss] })
    expect(await bed.sendEvent(receive, { iss, ...sub_id })).toMatchObject({
      status: 400,
      json: {
        err: 'invalid_request',
        description: 'the subject identifies nothing that this receiver can revoke',
      },
    })
    expect(bed.verifier.revocations!.list()).toEqual([])
  })

  it('a not-before in the future', async () => {
    const bed = await start()
    const { sender, clock } = bed
    const fetchKeys: typeof fetch = (_input, init) => fetch(sender.jwksUri, init)
    const receive = bed.keycloak({ clock, fetch: fetchKeys })
    const claims = { id: 'a', expiration: NOW + 30, resource: 'orders', action: 'PUSH_NOT_BEFORE' }
    expect(await post(receive, sender.sign({ ...claims, notBefore: NOW + 3600 }))).toMatchObject({
      status: 400,
      json: {
        error: 'invalid_request',
        error_description: 'notBefore must be a number of seconds that is not in the future',
      },
    })
  })

  it('a token of an issuer that is not in tokenIssuers is not revoked, whatever the format of the subject', async () => {
    const bed = await start()
    // Anything that revokes may stand for a verifier. It has no issuers to compare with.
    const verifier = { revoke: (target: RevocationTarget) => bed.verifier.revoke(target) }
    const receive = bed.events({ verifier, tokenIssuers: ['https://mine.example.com'] })
    const token = bed.jwt()
    expect(await bed.sendEvent(receive, { format: 'oauth_token', token })).toMatchObject({
      status: 400,
      json: { err: 'invalid_request', description: 'the transmitter may not revoke tokens of this issuer' },
    })
    expect(await bed.outcome(token)).toBe('accepted')
  })
})

describe('an invalid target of a function of the application is a fault of this service', () => {
  /** Records the process warnings until the test ends. */
  const warnings = (): readonly string[] => {
    const seen: string[] = []
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void seen.push(String(warning)))
    onTestFinished(() => void vi.restoreAllMocks())
    return seen
  }

  it('webhookReceiver: the sender gets 500 and nothing about it, and one warning says what is wrong', async () => {
    const seen = warnings()
    const { verifier, clock } = await start()
    const targets = () => [{ issuer: OTHER, clientId: 'billing' }]
    const receive = webhookReceiver({ secret: WEBHOOK_SECRET, verifier, targets, clock })
    for (const _ of [1, 2])
      expect(await post(receive, '{}', signedWebhook('{}'))).toMatchObject({
        status: 500,
        json: {
          error: 'server_error',
          error_description: 'the message could not be processed. Repeat it later',
        },
      })
    expect(seen).toEqual([
      expect.stringMatching(/^webhookReceiver\.targets: .* revoke\.issuer: is not a configured issuer/),
    ])
  })

  it('setReceiver: the same with the members of RFC 8935', async () => {
    const seen = warnings()
    const bed = await start()
    const receive = bed.events({ targets: () => [{ issuer: OTHER, clientId: 'billing' }] })
    expect(await bed.sendEvent(receive, { format: 'opaque', id: 'a' })).toMatchObject({
      status: 500,
      json: { err: 'server_error', description: 'the message could not be processed. Repeat it later' },
    })
    expect(seen).toEqual([expect.stringMatching(/^setReceiver\.targets: /)])
  })
})
