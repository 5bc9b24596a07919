import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { onTestFinished } from 'vitest'
import { guard } from '../../../adapters/express.js'
import type { Verifier } from '../../../src/index.js'
import { jsonOf, runWith, type Result, type RunOptions } from '../../support/cli.js'
import { systemClock } from '../../support/clock.js'
import { testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'

export interface Line {
  readonly check: string
  readonly issuer: string | null
  readonly result: string
  readonly detail: string
  readonly advice: string | null
}

export interface DoctorBed extends TestBed {
  readonly doctor: (args?: readonly string[], options?: RunOptions) => Promise<Result>
  /** The findings of a check. */
  readonly findings: (check: string, args?: readonly string[], exports?: object) => Promise<readonly Line[]>
}

/** A bed in real time, because the issuer sends the real `Date`. */
export async function doctorBed(options: TestBedOptions = {}): Promise<DoctorBed> {
  // A machine that stops for 10 s between the response and its reading differs from the issuer by as much.
  const bed = await testBed({ clock: systemClock, clockTolerance: '60s', ...options })
  const doctor: DoctorBed['doctor'] = (args = [], more = {}) =>
    runWith(['doctor', '--config', './auth.mjs', ...args], { config: { verifier: bed.verifier }, ...more })
  return {
    ...bed,
    doctor,
    findings: async (check, args = [], exports = {}) => {
      const config = { verifier: bed.verifier, ...exports }
      const { checks } = jsonOf(await doctor([...args, '--json'], { config })) as { checks: readonly Line[] }
      return checks.filter((line) => line.check === check)
    },
  }
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
}

/** An API with a guarded route. */
export function guardedRoute(
  verifier: Verifier,
  options: { readonly header?: string } = {},
): Promise<string> {
  const app = express()
  app.use(guard(verifier, {}, options))
  app.get('/orders', (_request, response) => void response.json([]))
  return listening(createServer(app))
}
