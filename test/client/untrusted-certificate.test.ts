import { createServer } from 'node:https'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { clerkTokenSource, tokenSource, TokenSourceError, type TokenSource } from '../../src/client/index.js'
import { clerkTokens, ManagementError, oauthTokens } from '../../src/management/index.js'
import { run } from '../cli/oauth-client/support.js'
import { failureOf } from '../support/outcomes.js'
import { selfSigned, type SelfSigned } from '../support/servers/certificate.js'
import { close, listen } from '../support/servers/listen.js'

const DAY = 86_400_000

let identity: SelfSigned
let issuer: string

// The certificate of a private CA, which no process of the tests trusts.
beforeAll(async () => {
  identity = selfSigned('localhost', new Date(Date.now() - DAY), new Date(Date.now() + DAY))
  const server = createServer(identity, (_request, response) => response.end('{}'))
  issuer = `https://localhost:${await listen(server)}`
  return () => close(server)
})

const closed = (source: TokenSource): TokenSource => {
  onTestFinished(() => source.close())
  return source
}

const CLIENT = { clientId: 'billing', clientSecret: 'hunter2' }
const GENERAL = 'Check the certificate. For a private CA set NODE_EXTRA_CA_CERTS, or the option fetch'
const BACKOFF = '. The next request is sent after the backoff'

it.each<[string, () => TokenSource]>([
  ['the token endpoint', () => tokenSource({ tokenEndpoint: `${issuer}/token`, ...CLIENT })],
  ['discovery', () => tokenSource({ issuer, ...CLIENT })],
  ['clerkTokenSource', () => clerkTokenSource({ machineSecretKey: 'ak_aaaaaaaaaaaaaaaa', apiUrl: issuer })],
])('a certificate that is not trusted does not look like an outage: %s', async (_, create) => {
  const error = await failureOf(closed(create()).getToken(), TokenSourceError)
  expect(error.message).toMatch(/no response \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. /)
  expect(error.message.slice(error.message.indexOf('Check'))).toBe(`${GENERAL}${BACKOFF}`)
  expect(error.reason).toBe('issuer_unavailable')
})

it('with a client certificate the advice names its ca, because a custom fetch excludes it', async () => {
  const clientCertificate = selfSigned('billing', new Date(Date.now() - DAY), new Date(Date.now() + DAY))
  const options = { clientId: 'billing', authentication: 'tls_client_auth', clientCertificate } as const
  const advice = 'For a private CA set NODE_EXTRA_CA_CERTS, or ca of clientCertificate'
  const source = closed(tokenSource({ issuer, ...options }))
  expect((await failureOf(source.getToken(), TokenSourceError)).message).toContain(advice)
  const tokens = oauthTokens({ issuer, ...options })
  expect((await failureOf(tokens.introspect({ token: 'a' }), ManagementError)).message).toContain(advice)
})

it.each([
  [
    'the introspection endpoint',
    () =>
      oauthTokens({ introspectionEndpoint: `${issuer}/introspect`, ...CLIENT }).introspect({ token: 'a' }),
  ],
  ['discovery', () => oauthTokens({ issuer, ...CLIENT }).introspect({ token: 'a' })],
  [
    'the API of Clerk',
    () => clerkTokens({ secretKey: 'sk_test_aaaaaaaa', apiUrl: issuer }).verify({ token: 'mt_a' }),
  ],
])('management says the same: %s', async (_, call) => {
  expect((await failureOf(call(), ManagementError)).message).toContain(
    `(DEPTH_ZERO_SELF_SIGNED_CERT). ${GENERAL}`,
  )
})

it.each(['tokens create', 'tokens introspect env:TOKEN'])(
  'the command line names no option of the library: %s',
  async (line) => {
    const env = {
      OAUTH_ISSUER: issuer,
      OAUTH_CLIENT_ID: 'billing',
      OAUTH_CLIENT_SECRET: 'hunter2',
      TOKEN: 'a',
    }
    const { stderr } = await run(`${line} --vendor oauth`, env)
    expect(stderr).toContain('Check the certificate. For a private CA set NODE_EXTRA_CA_CERTS')
    expect(stderr).not.toMatch(/fetch|clientCertificate/)
  },
)
