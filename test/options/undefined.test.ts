import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/index.js'
import { clerkTokens, stytchClients, authleteTokens } from '../../src/management/index.js'
import type { Reader } from '../../src/options/reader.js'
import { tokenSource } from '../../src/client/index.js'
import { readers, tables, type Options } from '../support/option-tables.js'

/** Message of the ConfigurationError; undefined if the options are accepted. */
async function problemWith(section: string, given: Options): Promise<string | undefined> {
  try {
    await (section === 'Every issuer' ? readers['oauth'] : readers[section])!(given)
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

/** Options that are required unless another one is set. Their tables do not show it. */
const REQUIRED_TOGETHER = [
  'tokenSource.issuer',
  'tokenSource.clientId',
  'tokenSource.clientSecret',
  'jwtBearerTokenSource.issuer',
  'jwtBearerTokenSource.clientId',
  'jwtBearerTokenSource.clientSecret',
  'tokenExchangeSource.issuer',
  'tokenExchangeSource.clientId',
  'tokenExchangeSource.clientSecret',
  'clerkTokenSource.machineSecretKey',
  'clerkTokens.machineSecretKey',
  'oauthTokens.issuer',
  'oauthTokens.clientId',
  'oauthTokens.clientSecret',
  'introspection.clientId',
  'introspection.clientSecret',
]

const isRequired = (section: string, name: string, { describe }: Reader<unknown>): boolean =>
  (describe.default === undefined && !describe.isOptional) || REQUIRED_TOGETHER.includes(`${section}.${name}`)

const options = Object.entries(tables).flatMap(([section, table]) =>
  Object.entries(table).map(([name, reader]) => [section, name, reader] as const),
)

describe('an option that is present as undefined', () => {
  it.each(options)('%s: %s', async (section, name, reader) => {
    const problem = await problemWith(section, { [name]: undefined })
    if (isRequired(section, name, reader)) expect(problem).toMatch(/is required|requires|must be/)
    else if (reader.isRestricting) expect(problem).toMatch(/is undefined; leave it out instead$/)
    // Treated as absent, because the absence of such an option accepts nothing more.
    else expect(problem).toBeUndefined()
  })

  it.each([
    ['createVerifier', 'policy'],
    ['createVerifier', 'clockTolerance'],
    ['Every issuer', 'algorithms'],
    ['Every issuer', 'scopeClaims'],
    ['Every issuer', 'scopeMatching'],
    ['Every issuer', 'keys'],
    ['Every issuer', 'remote'],
    ['keys', 'stale'],
    ['remote', 'lifetime'],
    ['oauth', 'requireAccessTokenType'],
    ['oauth', 'publicKey'],
    ['introspection', 'opaquePrefix'],
    ['clerk', 'senders'],
    ['clerk', 'machineId'],
    ['clerk', 'audience'],
    ['clerk', 'issuer'],
    ['authlete', 'audience'],
    ['tokenSource', 'scopes'],
    ['tokenSource', 'audience'],
    ['clerkTokenSource', 'expiresIn'],
  ])('is refused if the option restricts: %s, %s', async (section, name) => {
    expect(await problemWith(section, { [name]: undefined })).toMatch(/leave it out instead$/)
  })

  it.each([
    ['createVerifier', 'clock'],
    ['createVerifier', 'onDecision'],
    ['createVerifier', 'onIssuerEvent'],
    ['createVerifier', 'cache'],
    ['Every issuer', 'fetch'],
    ['guard', 'onRefusal'],
    ['tokenSource', 'fetch'],
    ['stytchClients', 'clock'],
  ])('is allowed if the option does not restrict: %s, %s', async (section, name) => {
    expect(await problemWith(section, { [name]: undefined })).toBeUndefined()
  })
})

describe('inputs of operations', () => {
  const api = { projectId: 'project-test-1', secret: 'secret' }
  const authlete = { serviceId: '1', serviceAccessToken: 'token', apiUrl: 'https://us.authlete.com' }
  const source = tokenSource({ issuer: 'https://auth.example.com', clientId: 'a', clientSecret: 'b' })
  it.each<[string, () => unknown]>([
    ['getToken.scopes', () => source.getToken({ scopes: undefined } as never)],
    ['getToken.audience', () => source.getToken({ audience: undefined } as never)],
    ['authenticateToken.maxTokenAge', () => authenticate({ maxTokenAge: undefined })],
    ['authenticateToken.scopes', () => authenticate({ scopes: undefined })],
    ['authenticateToken.checkScopes', () => authenticate({ checkScopes: undefined })],
    ['search.query', () => stytchClients(api).search({ query: undefined } as never)],
    ['list.subject', () => authleteTokens(authlete).list({ subject: undefined } as never)],
    [
      'introspect.scopes',
      () => authleteTokens(authlete).introspect({ token: 'x', scopes: undefined } as never),
    ],
    [
      'create.expiresIn',
      () => clerkTokens({ machineSecretKey: 'ak_1' }).create({ expiresIn: undefined } as never),
    ],
  ])('%s', async (name, call) => {
    const message = await Promise.resolve()
      .then(call)
      .then(
        () => 'accepted',
        (error: unknown) => String(error),
      )
    expect(message).toContain(`${name}: is undefined; leave it out instead`)
  })

  function authenticate(input: object): unknown {
    return stytchClients(api).authenticateToken({ token: 'x', ...input })
  }
})
