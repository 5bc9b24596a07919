import { afterAll, afterEach, beforeAll, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth, type OAuthOptions, type Verifier } from '../../../src/index.js'
import { START } from '../../support/clock.js'
import { startServers, type AuthorizationServer, type RunningServers } from './authorization-server.js'

/** One server for all tests of a file. It uses `Date`, which only a test advances. */
export function runningServers(): () => RunningServers {
  let servers: RunningServers
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START })
    servers = await startServers()
  })
  afterEach(() => {
    vi.setSystemTime(START)
    servers.requests.length = 0
  })
  afterAll(async () => {
    vi.useRealTimers()
    await servers?.close()
  })
  return () => servers
}

export function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

/** A verifier of the API, closed at the end of the test. */
export function verifierFor(server: AuthorizationServer, extra: Partial<OAuthOptions> = {}): Verifier {
  const verifier = createVerifier({
    issuers: [oauth({ ...server.oauth(), ...extra })],
    clock: () => Date.now(),
  })
  onTestFinished(() => verifier.close())
  return verifier
}
