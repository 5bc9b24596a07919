import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { webhookReceiver, type WebhookReceiverOptions } from '../../../src/revocation/index.js'
import { NOW } from '../../support/clock.js'
import { bedWithRevocations, post } from './support.js'

const [SECRET, EARLIER, OTHER] = [1, 2, 3].map(() => `whsec_${randomBytes(24).toString('base64')}`) as [
  string,
  string,
  string,
]

async function start(options: Partial<WebhookReceiverOptions> = {}) {
  const bed = await bedWithRevocations()
  const receive = webhookReceiver({
    secret: [SECRET, EARLIER],
    verifier: bed.verifier,
    targets: ({ payload }) => [{ issuer: bed.issuer.url, clientId: (payload as { client: string }).client }],
    clock: bed.clock,
    ...options,
  })
  const send = ({
    secrets = [SECRET],
    id = 'msg_1',
    at = NOW,
    body = '{"client":"billing"}',
    signed = '',
    prefix = 'webhook',
  }) => {
    const signature = secrets
      .map((secret) => new Webhook(secret).sign(id, new Date(at * 1000), signed || body))
      .join(' ')
    return post(receive, body, {
      [`${prefix}-id`]: id,
      [`${prefix}-timestamp`]: String(at),
      [`${prefix}-signature`]: signature,
    })
  }
  const listed = () => bed.verifier.revocations!.list()
  return { ...bed, receive, send, listed }
}

it.each([
  ['a message of the package standardwebhooks', {}],
  ['headers of Svix', { prefix: 'svix' }],
  ['one of several signatures', { secrets: [OTHER, SECRET] }],
  ['one of several secrets', { secrets: [EARLIER] }],
  ['a time 5 minutes ago', { at: NOW - 300 }],
])('revokes what targets returns: %s', async (_, sent) => {
  const bed = await start()
  expect(await bed.send(sent)).toMatchObject({ status: 204, json: undefined })
  expect(bed.listed()).toMatchObject([
    {
      kind: 'client',
      clientId: 'billing',
      before: (sent as { at?: number }).at === undefined ? NOW + 1 : NOW - 299,
    },
  ])
})

it.each([
  ['another secret', { secrets: [OTHER] }],
  ['another body', { signed: '{"client":"orders"}' }],
  ['a time that is too old', { at: NOW - 301 }],
  ['a time in the future', { at: NOW + 301 }],
  ['no signature', { secrets: [] }],
  ['a body that is not JSON', { body: 'a' }],
])('refuses a message with %s', async (_, sent) => {
  const bed = await start()
  const reply = await bed.send(sent)
  expect(reply).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  expect(JSON.stringify(reply.json)).not.toContain('whsec_')
  expect(bed.listed()).toEqual([])
})

it('a repeated message is acknowledged, and refuses no token that was issued after it', async () => {
  let calls = 0
  const bed = await start({
    targets: () => {
      calls += 1
      return [{ issuer: bed.issuer.url, clientId: 'billing' }]
    },
  })
  await bed.send({})
  bed.pass(60)
  const token = bed.jwt({ clientId: 'billing' })
  expect((await bed.send({})).status).toBe(204)
  expect(calls).toBe(1)
  expect(await bed.outcome(token)).toBe('accepted')
})

it('targets may return nothing, and an error of targets is passed to the server', async () => {
  const quiet = await start({ targets: () => undefined })
  expect((await quiet.send({})).status).toBe(204)
  const failing = await start({
    targets: () => {
      throw new RangeError('mapping')
    },
  })
  await expect(failing.send({})).rejects.toThrow(RangeError)
})

it.each([
  ['webhookReceiver.secret', { secret: 'whsec_c2hvcnQ=' }],
  ['webhookReceiver.secret', { secret: [] }],
  ['webhookReceiver.targets', { targets: undefined }],
  ['webhookReceiver.tolerance', { tolerance: '2h' }],
])('the error for an invalid option names it and no secret: %s', async (option, options) => {
  const failure = await start(options as never).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(ConfigurationError)
  expect(failure).toMatchObject({ option })
  expect(String(failure)).not.toContain('c2hvcnQ=')
})
