import { describe, expect, it } from 'vitest'
import {
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  sharedAnswers,
  type Issuer,
  type VerifierOptions,
} from '../../src/index.js'
import { memoryStore, SECRET } from '../support/shared-store.js'

const ISSUER = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
const answers = () => sharedAnswers({ store: memoryStore(), secret: SECRET })

const local = (): Issuer => oauth(ISSUER)
const introspecting = (more: object = {}): Issuer =>
  oauth({
    ...ISSUER,
    issuer: 'https://other.example.com',
    introspection: { clientId: 'orders', clientSecret: 'secret', ...more },
  })
const anonymous = (): Issuer =>
  oauth({
    ...ISSUER,
    introspection: {
      endpoint: 'https://auth.example.com/introspect',
      authentication: () => ({ headers: {} }),
    },
  })
const create = (options: VerifierOptions) => () => createVerifier({ answers: answers(), ...options })

describe('shared results that no request would use are a ConfigurationError', () => {
  it.each<[string, VerifierOptions, RegExp]>([
    ['no issuer introspects', { issuers: [local()] }, /^answers: .* no issuer introspects tokens/],
    [
      'no issuer names its caller',
      { issuers: [anonymous()] },
      /^answers: .* no issuer that introspects tokens names its caller/,
    ],
    [
      'Clerk, whose secret is a function, without machineId',
      { issuers: [clerk({ machineSecretKey: () => 'ak_1', jwtAccess: false })] },
      /machineId/,
    ],
    [
      'every request calls the issuer',
      { issuers: [introspecting()], policy: { confirmAfter: 0 } },
      /^answers: .* policy\.confirmAfter/,
    ],
  ])('%s', (_, options, message) => {
    expect(create(options)).toThrow(ConfigurationError)
    expect(create(options)).toThrow(message)
  })

  it('one issuer that shares results is enough', () => {
    expect(create({ issuers: [local(), introspecting()] })).not.toThrow()
    expect(create({ issuers: [introspecting()], policy: { confirmAfter: '1s' } })).not.toThrow()
  })
})
