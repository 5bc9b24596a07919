import express from 'express'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as promClient from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { guard, type ExpressGuardOptions } from '../../../adapters/express.js'
import { collect } from '../../../adapters/prometheus.js'
import { createVerifier, type Issuer, type IssuerCallResult, type Verifier } from '../../../src/index.js'
import { createTestIssuer, type Fault, type TestClient, type TestIssuer } from '../../../src/testing/index.js'
import {
  AWKWARD_CLIENT,
  FAULTS,
  guards,
  PLACES,
  POLICIES,
  QUOTING_FETCHES,
  secretsOf,
  tokensOf,
} from './corpus.js'
import { leaks, startRecorder, type Recorder } from './recorder.js'

let issuer: TestIssuer
let client: TestClient
let tokens: readonly string[]
let secrets: ReadonlyMap<string, readonly string[]>
beforeAll(async () => {
  issuer = await createTestIssuer()
  client = issuer.addClient(AWKWARD_CLIENT)
  tokens = tokensOf(issuer)
  secrets = secretsOf(issuer, client, tokens)
})
beforeEach(() => issuer.heal())
afterAll(() => issuer.close())

/** Neither retry nor breaker, so that every token of the corpus meets the fault. */
function asking() {
  return { remote: { retries: 0, breakerAfter: 1000 }, keys: { pause: 0.1 } } as const
}

function verifierOf(made: Issuer, recorder: Recorder, isWatched: boolean): Verifier {
  return createVerifier({
    issuers: [made],
    onDecision: (event) => recorder.hear('event', event),
    // Without an observer, warnings of the process are what there is to hear.
    ...(isWatched ? { onIssuerEvent: (event): void => recorder.hear('issuer event', event) } : {}),
  })
}

/** Presents every token, and records all there is to be seen. */
async function present(verifier: Verifier, recorder: Recorder): Promise<number> {
  const keep = async (where: string, promise: Promise<unknown>): Promise<boolean> => {
    const outcome = await promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    recorder.hear(where, 'error' in outcome ? outcome.error : outcome.value)
    return !('error' in outcome)
  }
  const register = new promClient.Registry()
  collect(verifier, { client: promClient, register })
  const end = (result: IssuerCallResult): void => recorder.hear('result of a call', result)
  verifier.observe({
    onIssuerCall: (call) => {
      recorder.hear('call', call)
      return { end }
    },
  })
  await keep('ready', verifier.ready())
  let accepted = 0
  for (const token of tokens) {
    // A policy is evaluated for valid tokens only; any other token is refused alike under each.
    for (const policy of POLICIES) {
      const isAccepted = await keep('verify', verifier.verify(token, policy))
      if (isAccepted) accepted += 1
      else if (policy === POLICIES[0]) break
    }
    const headers = { authorization: `Bearer ${token}` }
    const decision = await verifier.authorize({ method: 'GET', url: `/?access_token=${token}`, headers })
    recorder.hear('authorize', decision)
    // As an error, so that its detail is heard too.
    if (decision.outcome !== 'accepted') recorder.hear('refusal', decision.refusal)
  }
  recorder.hear('health', verifier.health())
  recorder.hear('metrics', await register.metrics())
  recorder.hear('verifier', verifier)
  return accepted
}

/** An Express application in development, whose own error page shows what it can. */
async function serve(verifier: Verifier, options: ExpressGuardOptions): Promise<Server> {
  const app = express()
  app.use(guard(verifier, POLICIES[0], options))
  app.get('/', (_request, response) => void response.json({ fine: true }))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

/** How a refusal is written: by the guard in two ways, and by the application. */
const STYLES: readonly ExpressGuardOptions[] = [
  {},
  { body: 'problem', realm: 'orders' },
  { onRefusal: (refusal, _request, _response, next) => next(refusal) },
]

async function presentOverHttp(
  verifier: Verifier,
  recorder: Recorder,
  style: ExpressGuardOptions,
): Promise<void> {
  const server = await serve(verifier, style)
  const { port } = server.address() as AddressInfo
  for (const token of tokens) {
    const response = await fetch(`http://127.0.0.1:${port}/?access_token=${encodeURIComponent(token)}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    recorder.hear('response', `${response.statusText} ${JSON.stringify([...response.headers])}`)
    recorder.hear('response', await response.text())
  }
  await new Promise((resolve) => server.close(resolve))
}

async function recorded(work: (recorder: Recorder) => Promise<void>): Promise<Recorder['said']> {
  const recorder = startRecorder()
  try {
    await work(recorder)
    // Warnings of the process come with the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    recorder.stop()
  }
  return recorder.said
}

function fail(place: keyof typeof PLACES, fault: Fault | undefined): void {
  issuer.heal()
  for (const endpoint of PLACES[place]) if (fault !== undefined) issuer.fail(endpoint, fault)
}

const PLACE_NAMES = Object.keys(PLACES) as (keyof typeof PLACES)[]

describe.each(PLACE_NAMES)('with a fault %s', (place) => {
  test.each(FAULTS)('no secret appears anywhere when the fault is: %s', async (name, fault) => {
    const isSlow = name.startsWith('hang')
    let accepted = 0
    const said = await recorded(async (recorder) => {
      fail(place, fault)
      for (const [index, { make }] of guards(issuer, client).entries()) {
        accepted += await present(verifierOf(make(asking()), recorder, index % 2 === 0), recorder)
      }
    })
    expect(leaks(said, secrets)).toEqual([])
    expect(said.length).toBeGreaterThan(1000)
    // The issuers evaluate the corpus; it is not just refused.
    if (!isSlow && (place !== 'everywhere' || fault === undefined)) expect(accepted).toBeGreaterThan(0)
  })
})

test.each(QUOTING_FETCHES)('no secret appears anywhere when a custom fetch %s', async (_name, ownFetch) => {
  const said = await recorded(async (recorder) => {
    for (const { make } of guards(issuer, client)) {
      // First only the keys are fetched, so that JWTs reach the call to the issuer; then not even the keys.
      for (const failing of [(init?: RequestInit) => init?.method === 'POST', () => true]) {
        const mixed: typeof fetch = (url, init) => (failing(init) ? ownFetch(url, init) : fetch(url, init))
        await present(verifierOf(make({ ...asking(), fetch: mixed }), recorder, true), recorder)
      }
    }
  })
  expect(leaks(said, secrets)).toEqual([])
})

const QUICK_FAULTS = FAULTS.filter(([name]) => !name.startsWith('hang'))

test.each(QUICK_FAULTS.map(([name, fault], index) => [name, fault, index] as const))(
  'no secret appears in an HTTP response of the guard or the framework when the fault is: %s',
  async (_name, fault, index) => {
    const said = await recorded(async (recorder) => {
      fail('endpoints that verify tokens', fault)
      for (const [turn, { make }] of guards(issuer, client).entries()) {
        // Each style meets every fault and every guard. That a style meets a fault at a certain guard adds nothing.
        const style = STYLES[(turn + index) % STYLES.length]!
        await presentOverHttp(verifierOf(make(asking()), recorder, false), recorder, style)
      }
    })
    expect(leaks(said, secrets)).toEqual([])
    expect(said.some(({ where }) => where === 'response')).toBe(true)
  },
)

test('a secret in any of its forms would be found', () => {
  const form = new URLSearchParams({ client_secret: client.clientSecret }).toString()
  const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
  const token = tokens[0]!
  for (const text of [
    form,
    basic,
    token,
    token.split('.')[1]!,
    token.slice(0, 20),
    JSON.stringify({ token }),
  ]) {
    const found = leaks([{ where: 'here', text: `before ${text} after` }], secrets)
    expect(found, text).not.toEqual([])
  }
})
