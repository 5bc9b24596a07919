import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { clerkTokens, type ClerkTokens } from '../../../src/management/index.js'
import { clerkManagementBed } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

const MACHINE_KEY = 'ak_secret_of_a_machine'
const INSTANCE_KEY = 'sk_test_secret_of_the_instance'
const SUBJECT = `mch_${'a'.repeat(27)}`

describe('invalid options', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no key', {}, 'clerkTokens'],
    ['the key of the instance as that of a machine', { machineSecretKey: INSTANCE_KEY }, 'machineSecretKey'],
    ['the key of a machine as that of the instance', { secretKey: MACHINE_KEY }, 'secretKey'],
    ['a key with a line break', { machineSecretKey: `${MACHINE_KEY}\n` }, 'machineSecretKey'],
    ['an empty key', { machineSecretKey: '' }, 'machineSecretKey'],
    ['an unknown option', { secretKey: INSTANCE_KEY, token: 'x' }, 'token'],
    ['an address that is not secure', { secretKey: INSTANCE_KEY, apiUrl: 'http://api.clerk.com' }, 'apiUrl'],
    ['a deadline beyond a minute', { secretKey: INSTANCE_KEY, deadline: '61s' }, 'deadline'],
    ['a fetch that is not a function', { secretKey: INSTANCE_KEY, fetch: 'fetch' }, 'fetch'],
  ])('%s', (_, options, option) => {
    let thrown: unknown
    try {
      clerkTokens(options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigurationError)
    expect((thrown as ConfigurationError).option.replace('clerkTokens.', '')).toBe(option)
    for (const key of [MACHINE_KEY, INSTANCE_KEY]) expect(String(thrown)).not.toContain(key)
  })
})

/** Input as it comes from JavaScript, which no compiler has seen. */
const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic
type Operation = Exclude<keyof ClerkTokens, symbol>

const WRONG: readonly [operation: Operation, member: string, input: unknown][] = [
  ['create', 'scope', { scope: 'orders:read' }],
  ['create', 'seconds_until_expiration', { seconds_until_expiration: 60 }],
  ['create', 'format', { format: 'JWT' }],
  ['create', 'expiresIn', { expiresIn: 0 }],
  ['create', 'expiresIn', { expiresIn: -60 }],
  ['create', 'expiresIn', { expiresIn: '1 hour' }],
  ['create', 'expiresIn', { expiresIn: Number.NaN }],
  ['create', 'claims', { claims: 'scope' }],
  ['create', 'claims', { claims: ['scope'] }],
  ['create', 'claims.scope', { claims: { scope: undefined } }],
  ['create', 'claims.at', { claims: { at: new Date(0) } }],
  ['create', 'claims.n[1].x', { claims: { n: [0, { x: 1n }] } }],
  ['create', 'claims.n', { claims: { n: Number.POSITIVE_INFINITY } }],
  ['create', 'claims.self', { claims: cyclic }],
  ['create', 'minRemainingTtl', { format: 'jwt', minRemainingTtl: 60 }],
  ['create', 'minRemainingTtl', { expiresIn: 60, minRemainingTtl: 60 }],
  ['create', 'minRemainingTtl', { minRemainingTtl: '1500ms' }],
  ['create', 'minRemainingTtl', { minRemainingTtl: -1 }],
  ['list', 'subject', {}],
  ['list', 'subject', { subject: 'm2m-client-1' }],
  ['list', 'limit', { subject: SUBJECT, limit: 0 }],
  ['list', 'limit', { subject: SUBJECT, limit: 101 }],
  ['list', 'limit', { subject: SUBJECT, limit: 1.5 }],
  ['list', 'offset', { subject: SUBJECT, offset: -1 }],
  ['list', 'revoked', { subject: SUBJECT, revoked: 'true' }],
  ['list', 'expired', { subject: SUBJECT, expired: 1 }],
  ['list', 'cursor', { subject: SUBJECT, cursor: 'x' }],
  ['revoke', 'tokenId', {}],
  ['revoke', 'tokenId', { tokenId: '' }],
  ['revoke', 'tokenId', { tokenId: SUBJECT }],
  ['revoke', 'tokenId', { tokenId: '../mt_0' }],
  ['revoke', 'reason', { tokenId: 'mt_0', reason: '' }],
  ['revoke', 'revocationReason', { tokenId: 'mt_0', revocationReason: 'x' }],
  ['verify', 'token', {}],
  ['verify', 'token', { token: 7 }],
  ['verify', 'token', { token: MACHINE_KEY }],
  ['verify', 'token', { token: INSTANCE_KEY }],
  ['verify', 'secret', { secret: 'mt_0' }],
]

describe('invalid input is rejected by name before anything is sent', () => {
  it.each(WRONG)('%s: %s', async (operation, member, input) => {
    const { sender, issuer } = await clerkManagementBed()
    const call = sender[operation] as (given: unknown) => PromiseLike<unknown>
    const error = await failureOf(call(input))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ option: `clerkTokens.${operation}.${member}` })
    for (const key of [MACHINE_KEY, INSTANCE_KEY]) expect(String(error)).not.toContain(key)
    expect(issuer.calls.total).toBe(0)
  })

  it.each(['create', 'list', 'revoke', 'verify'] as const)(
    '%s: input that is not an object',
    async (operation) => {
      const { sender, issuer } = await clerkManagementBed()
      const call = sender[operation] as (given: unknown) => PromiseLike<unknown>
      for (const input of ['mt_0', null, 7, Promise.resolve({})])
        expect(await failureOf(call(input))).toBeInstanceOf(ConfigurationError)
      expect(issuer.calls.total).toBe(0)
    },
  )

  it('create: with only the key of the instance', async () => {
    const { instance, issuer } = await clerkManagementBed()
    const error = await failureOf(instance.create({ expiresIn: 60 }))
    expect(error).toMatchObject({ name: 'ConfigurationError', option: 'clerkTokens.create' })
    expect(String(error)).toContain('machineSecretKey')
    expect(issuer.calls.total).toBe(0)
  })

  it('revoke: a JWT in place of an id names the alternative', async () => {
    const { sender, issuer } = await clerkManagementBed()
    const { token } = await sender.create({ format: 'jwt' })
    issuer.resetCalls()
    const error = await failureOf(sender.revoke({ tokenId: token }))
    expect(error).toMatchObject({ option: 'clerkTokens.revoke.tokenId' })
    expect(String(error)).toMatch(/cannot revoke.*short lifetime/)
    expect(String(error)).not.toContain(token)
    expect(issuer.calls.total).toBe(0)
  })
})

describe('input that Clerk rejects is an error that says what to do', () => {
  it('revoke: the id of a JWT', async () => {
    const { sender } = await clerkManagementBed()
    const { tokenId } = await sender.create({ format: 'jwt' })
    const error = await failureOf(sender.revoke({ tokenId }))
    expect(error).toMatchObject({ operation: 'clerkTokens.revoke', status: 404, isUncertain: false })
    expect(String(error)).toContain('Clerk does not store JWTs and cannot revoke them')
  })

  it('revoke: a token in place of its id is not repeated in the error', async () => {
    const { sender, issuer } = await clerkManagementBed()
    const { token } = await sender.create()
    const error = await failureOf(sender.revoke({ tokenId: token }))
    expect(error).toMatchObject({ status: 400, code: 'bad_request' })
    expect(String(error)).toContain('The token itself is not its id')
    issuer.fail('clerkTokens', { status: 404, body: { errors: [{ message: `no ${token}` }] } })
    expect(String(await failureOf(sender.revoke({ tokenId: token })))).not.toContain(token)
  })

  it('revoke: an id that contains a path to another resource stays one path segment', async () => {
    const { sender, issuer } = await clerkManagementBed()
    const paths: (string | undefined)[] = []
    issuer.fail('all', (request, response) => {
      paths.push(request.url)
      response.writeHead(404).end('{}')
    })
    await failureOf(sender.revoke({ tokenId: 'mt_0/../../m2m_tokens?x#y' }))
    expect(paths).toEqual(['/clerk/v1/m2m_tokens/mt_0%2F..%2F..%2Fm2m_tokens%3Fx%23y/revoke'])
  })

  it('list: a machine of another instance', async () => {
    const { instance } = await clerkManagementBed()
    const error = await failureOf(instance.list({ subject: SUBJECT }))
    expect(error).toMatchObject({ status: 404, code: 'machine_not_found', requestId: 'test-issuer' })
    expect(String(error)).toContain('No such machine')
  })

  it('verify: a token for an unknown machine', async () => {
    const { receiver } = await clerkManagementBed()
    const error = await failureOf(receiver.verify({ token: 'mt_unknown' }))
    expect(error).toMatchObject({ vendor: 'clerk', operation: 'clerkTokens.verify', status: 404 })
    expect(String(error)).toContain('the key of the machine that receives it')
    expect(String(error)).not.toContain('mt_unknown')
  })
})
