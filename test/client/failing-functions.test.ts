import { describe, expect, it } from 'vitest'
import {
  tokenExchangeSource,
  TokenSourceError,
  type TokenSource,
  type TokenSourceEvent,
} from '../../src/client/index.js'
import { clientBed, type ClientBed } from '../support/client.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { failureOf } from '../support/outcomes.js'
import { until } from '../support/until.js'

const SECRET = 'hunter2-hunter2'

type Create = (bed: ClientBed, call: () => Promise<never>, extra: object) => TokenSource

/** A source whose function of this option fails. */
const SOURCES: readonly (readonly [option: string, create: Create])[] = [
  ['tokenSource.clientSecret', ({ source }, clientSecret, extra) => source({ clientSecret, ...extra })],
  [
    'tokenSource.privateKey',
    ({ source }, privateKey, extra) =>
      source({ authentication: 'private_key_jwt', clientSecret: undefined, privateKey, ...extra }),
  ],
  [
    'tokenSource.clientAssertion',
    ({ source }, clientAssertion, extra) =>
      source({ authentication: 'private_key_jwt', clientSecret: undefined, clientAssertion, ...extra }),
  ],
  [
    'tokenSource.authentication',
    ({ source }, authentication, extra) => source({ authentication, clientSecret: undefined, ...extra }),
  ],
  [
    'clerkTokenSource.machineSecretKey',
    ({ clerkSource }, machineSecretKey, extra) => clerkSource({ machineSecretKey, ...extra }),
  ],
  [
    'tokenExchangeSource.subjectToken',
    ({ issuer }, subjectToken, extra) => {
      const { clientId, clientSecret } = issuer.client
      const options = { tokenEndpoint: `${issuer.url}/token`, clientId, clientSecret, subjectToken, ...extra }
      // The type is that of the exchange; nothing of it is used here but what all sources share.
      return tokenExchangeSource(options)
    },
  ],
]

describe.each(SOURCES)('a function as %s', (option, create) => {
  it('that fails is named in the error and in the event, with the operation, and without its message', async () => {
    const bed = await clientBed()
    const events: TokenSourceEvent[] = []
    const failing = (): Promise<never> =>
      Promise.reject(Object.assign(new TypeError(SECRET), { code: 'ENOENT' }))
    const tokens = create(bed, failing, { onEvent: (event: TokenSourceEvent) => events.push(event) })
    const error = await failureOf(tokens.getToken(), TokenSourceError)
    expect(error).toMatchObject({ reason: 'credentials_unavailable', operation: 'getToken' })
    expect(error.message).toContain(option)
    expect(error.message).toMatch(/failed with a TypeError \(ENOENT\), so that no token request was sent/)
    expect(events).toMatchObject([
      { kind: 'token_failed', reason: 'credentials_unavailable', detail: error.message },
    ])
    expect(JSON.stringify([events, error.message, error.stack])).not.toContain(SECRET)
    tokens.close()
  })

  it('that never settles is named in the error', async () => {
    const bed = await clientBed()
    let isCalled = false
    const hanging = (): Promise<never> => {
      isCalled = true
      return new Promise(() => undefined)
    }
    const tokens = create(bed, hanging, { deadline: '3s' })
    const failure = failureOf(tokens.getToken(), TokenSourceError)
    await until(() => isCalled)
    passDeadlines(3)
    const { message, reason } = await failure
    expect(reason).toBe('credentials_unavailable')
    expect(message).toContain(option)
    expect(message).toContain('did not return within 3 s')
    tokens.close()
  })
})
