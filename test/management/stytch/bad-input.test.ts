import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import {
  stytchClients,
  type StytchClients,
  type StytchClientsOptions,
} from '../../../src/management/index.js'
import { decode } from '../../support/tokens/jwt.js'
import { stytchManagementBed } from '../../support/management.js'

const OPTIONS = { projectId: 'project-test-1', secret: 'secret-test-1=', apiUrl: 'https://stytch.example' }

describe('options', () => {
  it.each<[string, object]>([
    ['projectId', { projectId: undefined }],
    ['projectId', { projectId: ' ' }],
    ['projectId', { projectId: 'a:b' }],
    ['secret', { secret: undefined }],
    ['secret', { secret: '' }],
    ['secret', { secret: 5 }],
    ['apiUrl', { apiUrl: 'http://stytch.example' }],
    ['apiUrl', { apiUrl: 'https://me:pass@stytch.example' }],
    ['customDomain', { customDomain: 'http://login.example.com' }],
    ['deadline', { deadline: '2m' }],
    ['deadline', { deadline: 0 }],
    ['fetch', { fetch: 'fetch' }],
    ['clock', { clock: 5 }],
    ['b2b', { b2b: 'yes' }],
    ['projectid', { projectid: 'x' }],
  ])('names %s if it is invalid: %j', (option, wrong) => {
    const make = (): unknown => stytchClients({ ...OPTIONS, ...wrong })
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(new RegExp(`^stytchClients\\.${option}: `))
  })

  it.each([undefined, null, 'x', [], Promise.resolve(OPTIONS)])('%j is not an options object', (options) => {
    expect(() => stytchClients(options as unknown as StytchClientsOptions)).toThrow(ConfigurationError)
  })

  it.each([
    ['project-live-1', {}, 'https://api.stytch.com'],
    ['project-test-1', {}, 'https://test.stytch.com'],
    ['project-test-1', { apiUrl: 'https://stytch.example/' }, 'https://stytch.example'],
    ['project-live-1', { customDomain: 'login.example.com' }, 'https://login.example.com'],
  ])('the project %s with %j uses %s', async (projectId, address, base) => {
    const urls: string[] = []
    const own: typeof fetch = (input) => {
      urls.push(input as string)
      return Promise.resolve(Response.json({ client_id: 'c' }))
    }
    await stytchClients({ projectId, secret: 's', ...address, fetch: own }).delete({ clientId: 'c' })
    expect(urls).toEqual([`${base}/v1/m2m/clients/c`])
  })
})

type WrongCall = [option: string, call: (clients: StytchClients) => PromiseLike<unknown>]

/** Whatever a program in JavaScript may give. */
function given(input: unknown): never {
  return input as never
}

const WRONG: readonly WrongCall[] = [
  ['create', (by) => by.create(given(undefined))],
  ['create.scopes', (by) => by.create(given({}))],
  ['create.scopes', (by) => by.create({ scopes: ['a b'] })],
  ['create.scopes', (by) => by.create({ scopes: given([5]) })],
  ['create.scopes', (by) => by.create({ scopes: ['a"'] })],
  ['create.scope', (by) => by.create(given({ scope: 'a' }))],
  ['create.clientName', (by) => by.create({ scopes: 'a', clientName: given(null) })],
  ['create.clientId', (by) => by.create({ scopes: 'a', clientId: '' })],
  ['create.clientId', (by) => by.create({ scopes: 'a', clientId: '..' })],
  ['create.clientSecret', (by) => by.create({ scopes: 'a', clientSecret: '' })],
  ['create.trustedMetadata', (by) => by.create({ scopes: 'a', trustedMetadata: given([]) })],
  ['create.trustedMetadata.at', (by) => by.create({ scopes: 'a', trustedMetadata: { at: new Date(0) } })],
  ['create.trustedMetadata.n', (by) => by.create({ scopes: 'a', trustedMetadata: { n: Number.NaN } })],
  ['create.status', (by) => by.create(given({ scopes: 'a', status: 'active' }))],
  ['get', (by) => by.get(given('c'))],
  ['get.clientId', (by) => by.get(given({}))],
  ['get.clientId', (by) => by.get({ clientId: '.' })],
  ['get.clientId', (by) => by.get({ clientId: '\ud800' })],
  ['get.id', (by) => by.get(given({ id: 'c' }))],
  ['update.clientId', (by) => by.update(given({ clientName: 'x' }))],
  ['update', (by) => by.update({ clientId: 'c' })],
  ['update.status', (by) => by.update({ clientId: 'c', status: given('deleted') })],
  ['update.scopes', (by) => by.update({ clientId: 'c', scopes: given(null) })],
  ['update.clientSecret', (by) => by.update(given({ clientId: 'c', clientSecret: 'x' }))],
  ['delete.clientId', (by) => by.delete({ clientId: ' ' })],
  ['delete.clientIds', (by) => by.delete(given({ clientIds: ['a', 'b'] }))],
  ['secrets.rotateStart.clientId', (by) => by.secrets.rotateStart(given({}))],
  ['secrets.rotate.clientId', (by) => by.secrets.rotate(given({ clientId: 5 }))],
  ['secrets.rotateCancel.client', (by) => by.secrets.rotateCancel(given({ client: 'c' }))],
  ['search.limit', (by) => by.search({ limit: 0 })],
  ['search.limit', (by) => by.search({ limit: 1001 })],
  ['search.cursor', (by) => by.search({ cursor: '' })],
  ['search.offset', (by) => by.search(given({ offset: 5 }))],
  ['search.query.operands', (by) => by.search({ query: { operands: [] } })],
  ['search.query.operands', (by) => by.search(given({ query: {} }))],
  ['search.query.operator', (by) => by.search({ query: { operator: given('NOT'), operands: [] } })],
  [
    'search.query.operands[0].filterName',
    (by) => by.search(operand({ filterName: 'name', filterValue: ['a'] })),
  ],
  [
    'search.query.operands[0].filterValue',
    (by) => by.search(operand({ filterName: 'scopes', filterValue: [] })),
  ],
  ['search.query.operands[0].filter_name', (by) => by.search(operand({ filter_name: 'scopes' }))],
  ['token.clientSecret', (by) => by.token(given({ clientId: 'c' }))],
  ['token.clientId', (by) => by.token(given({ clientSecret: 'x' }))],
  ['token.scopes', (by) => by.token({ clientId: 'c', clientSecret: 'x', scopes: [] })],
  ['token.scope', (by) => by.token(given({ clientId: 'c', clientSecret: 'x', scope: 'a' }))],
]

function operand(members: object): Parameters<StytchClients['search']>[0] {
  return given({ query: { operands: [members] } })
}

describe('inputs', () => {
  it.each(WRONG)('invalid input to stytchClients.%s is named, and nothing is sent', async (option, call) => {
    const { clients, issuer } = await stytchManagementBed()
    const rejected = await Promise.resolve(call(clients)).then(
      () => expect.fail('it was taken'),
      (error: unknown) => error,
    )
    expect(rejected).toBeInstanceOf(ConfigurationError)
    expect(rejected).toMatchObject({ option: `stytchClients.${option}` })
    expect(issuer.calls.total).toBe(0)
  })

  it('an invalid search also fails when it is iterated', async () => {
    const { clients } = await stytchManagementBed()
    const walk = async (): Promise<void> => {
      for await (const client of clients.search({ limit: -1 })) expect(client).toBeUndefined()
    }
    await expect(walk()).rejects.toBeInstanceOf(ConfigurationError)
  })

  it('an error never quotes a secret from the input', async () => {
    const { clients } = await stytchManagementBed()
    const clientSecret = 'hunter2hunter2'
    for (const wrong of [
      clients.create(given({ clientSecret })),
      clients.token(given({ clientSecret })),
      clients.token({ clientId: 'c', clientSecret: given([clientSecret]) }),
    ]) {
      const error: unknown = await wrong.catch((reason: unknown) => reason)
      expect(inspect(error)).not.toContain(clientSecret)
    }
  })

  it('properties of a polluted prototype are not read as input', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const { clientId, clientSecret } = issuer.stytchProject.client
    const polluted = Object.prototype as unknown as Record<string, unknown>
    polluted['scopes'] = ['admin']
    try {
      const { token: accessToken } = await clients.token({ clientId, clientSecret })
      expect(decode(accessToken).claims['scope']).toBe('')
      await expect(clients.create(given({}))).rejects.toMatchObject({ option: 'stytchClients.create.scopes' })
    } finally {
      delete polluted['scopes']
    }
  })
})
