import express from 'express'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { guard } from '../../../adapters/express.js'
import { startTraffic, type Traffic } from '../../../examples/support/traffic.js'
import { tokenSource } from '../../../src/client/index.js'
import { stytchManagementBed, type StytchManagementBed } from '../../support/management.js'

interface Rotating extends StytchManagementBed {
  readonly clientId: string
  /** Where the callers read the secret. */
  readonly kept: { secret: string }
  readonly traffic: Traffic
}

/** Callers that need a token for each request to a guarded API, and read their secret for each token. */
async function callers(): Promise<Rotating> {
  const bed = await stytchManagementBed()
  const app = express()
  app.get('/', guard(bed.verifier, { scopes: 'read:orders' }), (_, response) => response.json({}))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const { clientId, clientSecret } = await bed.clients.create({ scopes: 'read:orders' })
  const kept = { secret: clientSecret }
  const { projectId, apiUrl } = bed.options
  const source = tokenSource({
    stytch: { projectId, apiUrl: apiUrl! },
    clientId,
    clientSecret: () => kept.secret,
  })
  const traffic = startTraffic(4, async () => {
    const token = await source.refresh()
    return fetch(url, { headers: { authorization: `Bearer ${token}` } })
  })
  return { ...bed, clientId, kept, traffic }
}

it('no request fails during a rotation: start, distribute, rotate', async () => {
  const { clients, clientId, kept, traffic, issuer } = await callers()
  await traffic.more(40)
  const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
  await traffic.more(40)
  kept.secret = nextClientSecret
  await traffic.settleInFlight()
  await clients.secrets.rotate({ clientId })
  await traffic.more(40)
  await traffic.stop()
  expect(traffic.completed).toBeGreaterThanOrEqual(120)
  expect(traffic.failed).toBe(0)
  expect(issuer.calls.stytchToken).toBeGreaterThanOrEqual(30)
})

it('no request fails when a rotation is cancelled before distribution', async () => {
  const { clients, clientId, traffic } = await callers()
  await clients.secrets.rotateStart({ clientId })
  await traffic.more(40)
  await clients.secrets.rotateCancel({ clientId })
  await traffic.more(40)
  await traffic.stop()
  expect(traffic.failed).toBe(0)
})

it('requests fail in the wrong order, which shows that failures are counted', async () => {
  const { clients, clientId, traffic } = await callers()
  await clients.secrets.rotateStart({ clientId })
  await clients.secrets.rotate({ clientId })
  await traffic.more(40)
  await traffic.stop()
  expect(traffic.failed).toBeGreaterThan(0)
})
