import { afterAll, afterEach, beforeAll, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth, type OAuthOptions, type Verifier } from '../../../src/index.js'
import { START } from '../../support/clock.js'
import { startAuthorizationServer, type AuthorizationServer, type Kind } from './authorization-server.js'

/** One authorization server for all tests of a file. It uses `Date`, which only a test advances. */
export function authorizationServer(): () => AuthorizationServer {
  let server: AuthorizationServer
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START })
    server = await startAuthorizationServer()
  })
  afterEach(() => {
    vi.setSystemTime(START)
    server.requests.length = 0
  })
  afterAll(async () => {
    vi.useRealTimers()
    await server.close()
  })
  return () => server
}

export function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

/** A verifier of the API's tokens of a kind, gone when the test is. */
export function verifierFor(
  server: AuthorizationServer,
  kind: Kind,
  extra: Partial<OAuthOptions> = {},
): Verifier {
  const verifier = createVerifier({
    issuers: [oauth({ ...server.oauth(kind), ...extra })],
    clock: () => Date.now(),
  })
  onTestFinished(() => verifier.close())
  return verifier
}
