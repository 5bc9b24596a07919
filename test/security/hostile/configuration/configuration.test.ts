import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth } from '../../../../src/index.js'
import { thrownBy } from '../../../support/outcomes.js'
import { keyOf } from '../../../support/tokens/forge.js'
import { makers, right, SECRET } from '../makers.js'

type Row = readonly [maker: keyof typeof makers, members: object, names: string]

function wrong(maker: Row[0], name: string, values: readonly unknown[], names = name): readonly Row[] {
  return values.map((value) => [maker, { [name]: value }, names])
}

const NO_TEXT = ['', '  ', 7, null, {}, []]
const NO_FUNCTION = ['f', 7, null, {}]
const NO_DURATION = [
  '',
  'soon',
  '5',
  '5 m',
  '-1s',
  '1.5h',
  '1y',
  -1,
  Number.NaN,
  Infinity,
  null,
  true,
  {},
  [],
]
const NO_ADDRESS = [
  ...NO_TEXT,
  'issuer.test',
  '/path',
  'http://issuer.test',
  'ftp://x.test',
  'https://u:p@x.test',
  'https://x.test#f',
]
const EC = keyOf('ES256')
const shared = { keys: [{ kty: 'oct', k: SECRET }] }
const opened = { keys: [{ ...EC.privateKey.export({ format: 'jwk' }) }] }
const privatePem = EC.privateKey.export({ type: 'pkcs8', format: 'pem' })

const rows: readonly Row[] = [
  ...wrong('createVerifier', 'issuers', [undefined, null, [], {}, 'x', oauth(right.oauth)]),
  ...wrong('createVerifier', 'issuers', [[null], [{}], ['x'], [right.oauth]], 'issuers[0]'),
  ...wrong('createVerifier', 'issuers', [[oauth(right.oauth), oauth(right.oauth)]], 'issuers[1]'),
  ...wrong('createVerifier', 'clockTolerance', [...NO_DURATION, '61s', 1e9]),
  ...wrong('createVerifier', 'cache', [true, 'x', 7, null, { max: 1 }, { maxTokens: 0 }, { maxTokens: 1.5 }]),
  ...wrong('createVerifier', 'clock', NO_FUNCTION),
  ...wrong('createVerifier', 'onDecision', NO_FUNCTION),
  ...wrong('createVerifier', 'polices', [{}]),
  ...wrong('createVerifier', 'policy', [null, 'x', 7, []]),

  ...wrong('oauth', 'issuer', [undefined, ...NO_ADDRESS, 'https://x.test?q']),
  ...wrong('oauth', 'audience', [undefined, '', ' ', [], [''], 7, {}, true, [7], [null]]),
  ...wrong('oauth', 'algorithms', [
    [],
    '',
    ['none'],
    ['HS256'],
    ['RS256', 'HS512'],
    ['rs256'],
    ['RS1'],
    'none',
    7,
    [null],
  ]),
  ...wrong('oauth', 'jwksUri', NO_ADDRESS),
  ...wrong('oauth', 'jwks', [null, [], {}, { keys: {} }, { keys: [] }, shared, opened]),
  ...wrong('oauth', 'publicKey', [
    '',
    'x',
    7,
    privatePem,
    '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----',
  ]),
  ...wrong('oauth', 'scopeClaims', ['', [], [7], 7]),
  ...wrong('oauth', 'scopeMatching', ['prefix', 7, null, /x/g]),
  ...wrong('oauth', 'fetch', NO_FUNCTION),
  ...wrong('oauth', 'requireAccessTokenType', ['true', 1, null]),
  ...wrong('oauth', 'keys', [{ lifetime: '1s' }], 'oauth.keys.lifetime'),
  ...wrong('oauth', 'keys', [{ deadline: 0 }], 'oauth.keys.deadline'),
  ...wrong('oauth', 'keys', [{ maxKeys: 0 }, { maxKeys: 1e9 }], 'oauth.keys.maxKeys'),
  ...wrong('oauth', 'keys', [{ ttl: 7 }], 'ttl'),
  ...wrong('oauth', 'remote', [{ lifetime: '2h' }], 'oauth.remote.lifetime'),
  ...wrong('oauth', 'remote', [{ refusedLifetime: '2m' }], 'oauth.remote.refusedLifetime'),
  ...wrong('oauth', 'keys', [null, 7, 'x', []], 'oauth.keys'),
  ...wrong('oauth', 'introspection', [null, 'x', true], 'oauth.introspection'),
  ...wrong('oauth', 'audiance', ['x']),
  ['oauth', { jwksUri: 'https://x.test/jwks', jwks: { keys: [EC.jwk] } }, 'only one of'],
  ...wrong('introspection', 'clientId', [undefined, ...NO_TEXT]),
  ...wrong('introspection', 'clientSecret', [undefined, ...NO_TEXT]),
  ...wrong('introspection', 'endpoint', NO_ADDRESS),
  ...wrong('introspection', 'authentication', ['none', '', 7, null]),
  ...wrong('introspection', 'opaquePrefix', NO_TEXT),
  ...wrong('introspection', 'secret', ['x']),

  ...wrong('clerk', 'machineSecretKey', [undefined, ...NO_TEXT, `sk_live_${SECRET}`]),
  ...wrong('clerk', 'jwtAccess', [undefined, null, true, 'all', 'local', [], ['mch_x']]),
  ...wrong('clerk', 'jwtAccess', [{}, { senders: [] }, { senders: ['user_x'] }], 'clerk.jwtAccess.senders'),
  ...wrong('clerk', 'senders', ['', [], ['user_x'], 7]),
  ...wrong('clerk', 'machineId', ['', 7, null]),
  ...wrong('clerk', 'apiUrl', NO_ADDRESS),
  ...wrong('stytch', 'apiUrl', NO_ADDRESS),
  ...wrong('clerk', 'audience', ['', [], 7]),
  ...wrong('clerk', 'secret', ['x']),
  ...wrong('stytch', 'projectId', [undefined, ...NO_TEXT]),
  ...wrong('stytch', 'customDomain', ['', 'http://x.test', 'ftp://x', 7]),
  ...wrong('stytch', 'b2b', ['true', 1, null]),
  ...wrong('stytch', 'algorithms', [['HS256'], []]),
  ...wrong('stytch', 'audience', ['x']),
  ...wrong('authlete', 'serviceId', [undefined, '', null, {}]),
  ...wrong('authlete', 'serviceAccessToken', [undefined, ...NO_TEXT]),
  ...wrong('authlete', 'apiUrl', [undefined, ...NO_ADDRESS]),
  ...wrong('authlete', 'issuer', NO_ADDRESS),
  ...wrong('authlete', 'serviceSecret', ['x']),

  ...wrong('policy', 'scopes', [
    undefined,
    '',
    ' ',
    [],
    [''],
    7,
    {},
    { kind: 'all', of: [] },
    'a"b',
    'a\\b',
    'ä',
    'a\tb',
    'a\r\nb',
  ]),
  ...['maxTokenAge', 'maxTokenLifetime', 'confirmAfter', 'staleIfError'].flatMap((name) =>
    wrong('policy', name, [undefined, ...NO_DURATION]),
  ),
  ...wrong('policy', 'issuers', [undefined, '', [], [7], {}]),
  ...wrong('policy', 'clients', [undefined, '', [], [null], 7]),
  ...wrong('policy', 'subjects', [undefined, '', [], [null], 7]),
  ...wrong('policy', 'check', [undefined, ...NO_FUNCTION]),
  ...wrong('policy', 'scope', ['a']),
  ...wrong('policy', 'maxAge', ['1h']),

  ...wrong('guard', 'realm', ['', 7, null, 'a\r\nb', 'ä']),
  ...wrong('guard', 'body', ['json', '', null, 7]),
  ...wrong('guard', 'mode', ['off', '', null, true]),
  ...wrong('guard', 'onRefusal', NO_FUNCTION),
  ...wrong('guard', 'onError', [() => undefined]),
]

function format(value: unknown): string {
  const json = JSON.stringify(value, (_, item: unknown) => {
    if (item === undefined) return 'undefined'
    return typeof item === 'number' || item instanceof RegExp ? String(item) : item
  })
  return json.length > 60 ? `${json.slice(0, 60)}…` : json
}

describe('a wrong option is refused at start, by its name, and its value is not quoted where it may be secret', () => {
  it.each(rows.map(([maker, members, names]) => ({ maker, members, names, options: format(members) })))(
    '$maker $options',
    ({ maker, members, names }) => {
      const error = thrownBy(() => makers[maker](members))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toBeInstanceOf(TypeError)
      const { option, message } = error as ConfigurationError
      expect(message).toContain(names)
      expect(message.startsWith(`${option}: `)).toBe(true)
      expect(option.length).toBeGreaterThan(0)
      // A sentence, not only a name.
      expect(message.length - option.length).toBeGreaterThan(15)
      expect(`${message}${(error as Error).stack}`).not.toContain(SECRET)
      expect(message).not.toContain('PRIVATE KEY-----\n')
    },
  )
})
