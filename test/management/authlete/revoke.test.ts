import { describe, expect, it } from 'vitest'
import type {
  AuthleteCreatedToken,
  AuthleteRevokeInput,
  AuthleteTokens,
} from '../../../src/management/index.js'
import { answering } from './support.js'
import { authleteManagementBed, type AuthleteManagementBed, hashOf } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

interface Issued extends AuthleteManagementBed {
  /** Which of the six tokens are still good, by who they are of. */
  readonly good: () => Promise<readonly string[]>
  readonly refreshToken: string
  readonly token: string
}

const NAMES = [
  'billing for john',
  'billing for jane',
  'billing',
  'reports for john',
  'reports',
  'reports again',
]

/** Tokens of two clients, for two people and for nobody. */
async function withTokens(): Promise<Issued> {
  const bed = await authleteManagementBed()
  bed.issuer.mintOpaque({ provider: 'authlete', clientId: 'billing', expiresIn: 1 })
  bed.issuer.mintOpaque({ provider: 'authlete', clientId: 'reports', expiresIn: 1 })
  bed.pass(1)
  const created: AuthleteCreatedToken[] = []
  for (const name of NAMES) {
    const [, clientId = '', subject] = /^(\w+)(?: for (\w+))?/.exec(name)!
    const grant =
      subject === undefined
        ? ({ grantType: 'CLIENT_CREDENTIALS' } as const)
        : ({ grantType: 'AUTHORIZATION_CODE', subject } as const)
    created.push(await bed.tokens.create({ ...grant, clientId }))
  }
  return {
    ...bed,
    async good() {
      const outcomes = await Promise.all(created.map(({ token }) => bed.outcome(token)))
      return NAMES.filter((_, at) => outcomes[at] === 'accepted')
    },
    token: created[0]!.token,
    refreshToken: created[0]!.refreshToken!,
  }
}

describe('revoking exactly one token', () => {
  it.each<[string, (on: Issued) => AuthleteRevokeInput]>([
    ['an access token', ({ token }) => ({ token })],
    ['an access token by its hash', ({ token }) => ({ tokenHash: hashOf(token) })],
    ['a refresh token', ({ refreshToken }) => ({ refreshToken })],
    ['a refresh token by its hash', ({ refreshToken }) => ({ refreshTokenHash: hashOf(refreshToken) })],
  ])('%s: invalidates it and its paired token, and no other token', async (_, which) => {
    const bed = await withTokens()
    expect(await bed.tokens.revoke(which(bed))).toEqual({ count: 1 })
    expect(await bed.good()).toEqual(NAMES.slice(1))
    expect(await failureOf(bed.tokens.revoke({ refreshToken: bed.refreshToken }))).toMatchObject({
      status: 404,
    })
  })

  it('sends exactly one property, because a second one could replace it or widen the revocation', async () => {
    const bed = await withTokens()
    const bodies: unknown[] = []
    bed.issuer.fail('authleteTokens', (request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(JSON.parse(chunk.toString())))
      request.on('end', () => response.end('{"count":1}'))
    })
    const hash = hashOf('x')
    await bed.tokens.revoke({ token: 'x' })
    await bed.tokens.revoke({ tokenHash: hash })
    await bed.tokens.revoke({ refreshToken: 'x' })
    await bed.tokens.revoke({ refreshTokenHash: hash })
    expect(bodies).toEqual([
      { accessTokenIdentifier: 'x' },
      { accessTokenIdentifier: hash },
      { refreshTokenIdentifier: 'x' },
      { refreshTokenIdentifier: hash },
    ])
  })

  it('that does not exist is an error, whether Authlete returns 404 or a count of 0', async () => {
    const bed = await withTokens()
    const said404 = await failureOf(bed.tokens.revoke({ token: 'unknown-token' }))
    expect(said404).toMatchObject({ status: 404, code: '404', isUncertain: false })
    bed.issuer.fail('authleteTokens', answering('{"resultCode":"A1","count":0}'))
    const said0 = await failureOf(bed.tokens.revoke({ token: 'unknown-token' }))
    expect(said0).toMatchObject({ name: 'ManagementError', status: 200, code: 'A1', isUncertain: false })
    for (const { message } of [said404, said0]) {
      expect(message).toMatch(/^authleteTokens\.revoke: .+\. Check the /)
      expect(message).not.toContain('unknown-token')
    }
    bed.issuer.heal()
    expect(await bed.good()).toEqual(NAMES)
  })

  it.each(['clientId', 'subject'])(
    'rejects %s, because wider revocations have their own methods',
    async (member) => {
      const bed = await withTokens()
      const wider = { token: bed.token, [member]: 'billing' }
      expect(await failureOf(bed.tokens.revoke(wider))).toMatchObject({
        option: `authleteTokens.revoke.${member}`,
      })
      expect(await bed.good()).toEqual(NAMES)
    },
  )
})

describe('revoking several tokens with explicitly named methods', () => {
  it.each<[keyof AuthleteTokens, (tokens: AuthleteTokens) => Promise<unknown>, readonly string[]]>([
    [
      'revokeAllOfClient',
      (tokens) => tokens.revokeAllOfClient({ clientId: 'billing' }),
      ['billing for john', 'billing for jane', 'billing'],
    ],
    [
      'revokeAllOfClientAndSubject',
      (tokens) => tokens.revokeAllOfClientAndSubject({ clientId: 'billing', subject: 'john' }),
      ['billing for john'],
    ],
    [
      'revokeAllOfSubject',
      (tokens) => tokens.revokeAllOfSubject({ subject: 'john' }),
      ['billing for john', 'reports for john'],
    ],
  ])('%s', async (_, revoke, doomed) => {
    const bed = await withTokens()
    // The token that the client was known by has expired, and is counted all the same.
    const expired = doomed.includes('billing') ? 1 : 0
    expect(await revoke(bed.tokens)).toEqual({ count: doomed.length + expired })
    expect(await bed.good()).toEqual(NAMES.filter((name) => !doomed.includes(name)))
    expect(await revoke(bed.tokens)).toEqual({ count: 0 })
  })

  it.each<[string, object]>([
    ['revokeAllOfClient', { clientId: 'billing', subject: 'john' }],
    ['revokeAllOfClient', {}],
    ['revokeAllOfClient', { clientId: undefined }],
    ['revokeAllOfClientAndSubject', { clientId: 'billing' }],
    ['revokeAllOfClientAndSubject', { clientId: 'billing', subject: undefined }],
    ['revokeAllOfClientAndSubject', { subject: 'john' }],
    ['revokeAllOfClientAndSubject', { clientId: 'billing', subject: '' }],
    ['revokeAllOfSubject', { subject: 'john', clientId: 'billing' }],
    ['revokeAllOfSubject', {}],
  ])('%s with %j is rejected, so that it never revokes more than intended', async (name, input) => {
    const bed = await withTokens()
    const operations = bed.tokens as unknown as Record<string, (given: object) => Promise<unknown>>
    expect(await failureOf(operations[name]!(input))).toMatchObject({ name: 'ConfigurationError' })
    expect(await bed.good()).toEqual(NAMES)
  })
})
