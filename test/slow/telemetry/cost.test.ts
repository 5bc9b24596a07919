import * as promClient from 'prom-client'
import { expect, it, onTestFinished } from 'vitest'
import { instrument } from '../../../adapters/opentelemetry.js'
import { collect } from '../../../adapters/prometheus.js'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import { startSdk } from '../../adapters/telemetry/sdk.js'
import { bearer, testBed } from '../../support/test-bed.js'

/** Enough for stable medians in `npm run test:slow`; elsewhere only enough to show that the program works. */
const ROUNDS = process.env['M2M_GUARD_SLOW'] === undefined ? 5 : 101
const DECISIONS = 5000

interface Contender {
  readonly name: string
  readonly verifier: Verifier
  /** Runs a round in the circumstances of the observer. */
  readonly around: (round: () => Promise<void>) => Promise<void>
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

it('prints what telemetry adds to a decision about a cached token, for docs/reference/metrics.md', async () => {
  const bed = await testBed()
  const sdk = startSdk()
  const plain = (round: () => Promise<void>) => round()
  const create = (name: string, observe: (verifier: Verifier) => void, around = plain): Contender => {
    const verifier = createVerifier({ issuers: [oauth(bed.issuer.oauth())], clock: bed.clock })
    onTestFinished(() => {
      verifier.close()
    })
    observe(verifier)
    return { name, verifier, around }
  }
  const withSdk = (verifier: Verifier): void =>
    void instrument(verifier, { meter: sdk.meter, tracer: sdk.tracer })
  const contenders = [
    create('none', () => undefined),
    create('`verifier.observe({ onDecision })`, an empty function', (verifier) => {
      verifier.observe({ onDecision: () => undefined })
    }),
    create('`instrument(verifier)`', withSdk),
    create('`instrument(verifier)` and an active span that records', withSdk, sdk.request),
    create('`collect(verifier, { client })`', (verifier) => {
      collect(verifier, { client: promClient, register: new promClient.Registry() })
    }),
  ]
  const request = bearer(bed.jwt({ expiresIn: '1d' }))
  const measured = new Map(contenders.map(({ name }) => [name, [] as number[]]))
  // Interleaved, so that a change of the speed of the machine affects all.
  for (let round = -3; round < ROUNDS; round += 1) {
    for (const { name, verifier, around } of contenders) {
      await around(async () => {
        const start = process.cpuUsage()
        for (let count = 0; count < DECISIONS; count += 1) await verifier.authorize(request)
        const { user, system } = process.cpuUsage(start)
        if (round >= 0) measured.get(name)?.push((user + system) / DECISIONS)
      })
    }
  }
  const [none = Number.NaN, ...others] = contenders.map(({ name }) => median(measured.get(name) ?? []))
  console.log(
    [
      `Node ${process.version}, medians of ${ROUNDS} interleaved rounds of ${DECISIONS} decisions, CPU time.`,
      `The decision itself: ${none.toFixed(1)} µs. In addition:`,
      ...others.map((time, index) => `${contenders[index + 1]?.name ?? ''}: ${(time - none).toFixed(1)} µs`),
    ].join('\n'),
  )
  for (const time of [none, ...others]) expect(time).toBeGreaterThan(0)
}, 600_000)
