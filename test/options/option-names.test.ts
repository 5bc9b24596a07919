import { expect, it } from 'vitest'
import { redisAnswers, redisRevocations, redisTokens } from '../../adapters/redis.js'
import { sharedTokens } from '../../src/client/index.js'
import { ConfigurationError, memoryRevocations, sharedAnswers } from '../../src/index.js'
import { keycloakPush, setReceiver, webhookReceiver } from '../../src/revocation/index.js'
import { memoryStore, SECRET } from '../support/shared-store.js'

const client = { call: () => Promise.resolve(null) }
const verifier = { revoke: () => Promise.reject(new Error('not called')) }

it.each<[string, string, (...options: never[]) => unknown, object]>([
  ['redisAnswers', 'client', redisAnswers, { client: {}, secret: SECRET }],
  ['redisAnswers', 'secret', redisAnswers, { client, secret: 'short' }],
  ['redisTokens', 'secret[1]', redisTokens, { client, secret: [SECRET, 'short'] }],
  ['redisTokens', 'deadline', redisTokens, { client, secret: SECRET, deadline: '1h' }],
  ['redisRevocations', 'client', redisRevocations, {}],
  ['redisRevocations', 'clock', redisRevocations, { client, clock: 1 }],
  ['redisRevocations', 'nudge', redisRevocations, { client, nudge: true }],
  ['sharedAnswers', 'store', sharedAnswers, { secret: SECRET }],
  ['sharedTokens', 'maxWait', sharedTokens, { store: memoryStore(), secret: SECRET, maxWait: '1h' }],
  ['memoryRevocations', 'maxEntries', memoryRevocations, { maxEntries: 0 }],
  ['setReceiver', 'audience', setReceiver, { issuer: 'a', verifier }],
  ['keycloakPush', 'resource', keycloakPush, { issuer: 'https://auth.example.com', verifier }],
  ['webhookReceiver', 'targets', webhookReceiver, { secret: `whsec_${SECRET}==`, verifier }],
])(
  'the error for an invalid option of %s names the function and the option: %s',
  (name, option, create, options) => {
    let failure: unknown
    try {
      create(options as never)
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(ConfigurationError)
    expect(failure).toMatchObject({ option: `${name}.${option}` })
  },
)
