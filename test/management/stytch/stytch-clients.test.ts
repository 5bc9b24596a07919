import { ManagementError } from '../../../src/management/index.js'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { failureOf, outcomeOf } from '../../support/outcomes.js'
import { decode } from '../../support/tokens/jwt.js'
import { stytchManagementBed } from '../../support/management.js'

describe('a client', () => {
  it('is created, read, updated and deleted', async () => {
    const { clients } = await stytchManagementBed()
    const created = await clients.create({
      scopes: 'read:orders write:orders',
      clientName: 'billing',
      clientDescription: 'Sends invoices',
      trustedMetadata: { team: 'money', level: 1 },
    })
    const { clientId } = created
    expect(clientId).toMatch(/^m2m-client-test-/)
    expect({ ...created }).toEqual({
      clientId,
      clientName: 'billing',
      clientDescription: 'Sends invoices',
      status: 'active',
      scopes: ['read:orders', 'write:orders'],
      clientSecretLastFour: created.clientSecret.slice(-4),
      nextClientSecretLastFour: null,
      trustedMetadata: { team: 'money', level: 1 },
    })
    expect(await clients.get({ clientId })).toEqual({ ...created })

    const changed = await clients.update({
      clientId,
      clientName: '',
      scopes: ['read:orders'],
      trustedMetadata: { team: null, region: 'eu' },
    })
    expect(changed).toEqual({
      ...created,
      clientName: '',
      scopes: ['read:orders'],
      trustedMetadata: { level: 1, region: 'eu' },
    })
    expect(await clients.get({ clientId })).toEqual(changed)

    expect(await clients.delete({ clientId })).toEqual({ clientId })
    expect((await failureOf(clients.get({ clientId }), ManagementError)).status).toBe(404)
  })

  it('is returned frozen, including its metadata', async () => {
    const { clients } = await stytchManagementBed()
    const { clientId } = await clients.create({ scopes: ['a'], trustedMetadata: { deep: { list: [1] } } })
    const client = await clients.get({ clientId })
    const { items } = await clients.search()
    const deep = client.trustedMetadata['deep'] as { readonly list: unknown }
    const parts = [client, client.scopes, client.trustedMetadata, deep, deep.list, items, items[0]]
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true)
  })

  it('is imported with a given id and secret, and obtains tokens with them', async () => {
    const { clients } = await stytchManagementBed()
    const imported = { clientId: 'old/billing client', clientSecret: 'correct horse battery' }
    const created = await clients.create({ ...imported, scopes: ['read:orders'] })
    expect(created).toMatchObject({ clientId: imported.clientId, clientSecretLastFour: 'tery' })
    expect(created.clientSecret).toBe(imported.clientSecret)
    const { token: accessToken } = await clients.token(imported)
    expect(decode(accessToken).claims).toMatchObject({ sub: imported.clientId, scope: 'read:orders' })
  })

  it.each(['a/b', 'a?b#c', '%2e%2e', 'ü ö', '../search', 'search'])(
    'is reached by an id with special characters: %s',
    async (clientId) => {
      const { clients, issuer } = await stytchManagementBed()
      await clients.create({ clientId, scopes: [] })
      const other = issuer.stytchProject.client.clientId
      expect((await clients.get({ clientId })).clientId).toBe(clientId)
      expect((await clients.update({ clientId, clientName: 'x' })).clientName).toBe('x')
      await clients.secrets.rotateStart({ clientId })
      await clients.secrets.rotateCancel({ clientId })
      await clients.secrets.rotateStart({ clientId })
      await clients.secrets.rotate({ clientId })
      expect(await clients.delete({ clientId })).toEqual({ clientId })
      expect(await clients.get({ clientId: other })).toMatchObject({ clientId: other, clientName: '' })
    },
  )

  it('added to a test issuer belongs to the project', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const added = issuer.addClient({ provider: 'stytch', scopes: 'a b' })
    expect(await clients.get({ clientId: added.clientId })).toMatchObject({
      scopes: ['a', 'b'],
      clientSecretLastFour: added.clientSecret.slice(-4),
    })
    await clients.delete({ clientId: added.clientId })
    const { clientId, clientSecret } = added
    expect((await failureOf(clients.token({ clientId, clientSecret }), ManagementError)).status).toBe(401)
  })
})

describe('effects of a change on tokens', () => {
  it('an inactive client obtains no tokens until it is active again; existing ones stay valid', async () => {
    const { clients, verifier } = await stytchManagementBed()
    const { clientId, clientSecret } = await clients.create({ scopes: 'a' })
    const { token: accessToken } = await clients.token({ clientId, clientSecret })
    expect((await clients.update({ clientId, status: 'inactive' })).status).toBe('inactive')
    expect(await failureOf(clients.token({ clientId, clientSecret }), ManagementError)).toMatchObject({
      status: 401,
      code: 'invalid_client',
    })
    expect(await outcomeOf(verifier.verify(accessToken))).toBe('accepted')
    await clients.update({ clientId, status: 'active' })
    expect((await clients.token({ clientId, clientSecret })).expiresIn).toBe(3600)
  })

  it('a token of a deleted client is valid until it expires', async () => {
    const { clients, verifier, pass } = await stytchManagementBed()
    const { clientId, clientSecret } = await clients.create({ scopes: 'a' })
    const { token: accessToken } = await clients.token({ clientId, clientSecret })
    await clients.delete({ clientId })
    expect(await outcomeOf(verifier.verify(accessToken, { maxTokenAge: '5m' }))).toBe('accepted')
    pass(300)
    expect(await outcomeOf(verifier.verify(accessToken, { maxTokenAge: '5m' }))).toBe('token_too_old')
  })

  it('a token has the scopes of its client at the time of issue', async () => {
    const { clients } = await stytchManagementBed()
    const { clientId, clientSecret } = await clients.create({ scopes: 'a b' })
    const scopeNow = async (): Promise<unknown> =>
      decode((await clients.token({ clientId, clientSecret })).token).claims['scope']
    expect(await scopeNow()).toBe('a b')
    await clients.update({ clientId, scopes: [] })
    expect(await scopeNow()).toBe('')
    await clients.update({ clientId, scopes: 'c' })
    expect(await scopeNow()).toBe('c')
    expect(
      await failureOf(clients.token({ clientId, clientSecret, scopes: 'a' }), ManagementError),
    ).toMatchObject({
      status: 400,
      code: 'invalid_scope',
    })
  })
})

describe('a rotation', () => {
  it('accepts both secrets after the start, and only the new one after the end', async () => {
    const { clients } = await stytchManagementBed()
    const { clientId, clientSecret } = await clients.create({ scopes: 'a' })
    const started = await clients.secrets.rotateStart({ clientId })
    const { nextClientSecret } = started
    expect(started).toMatchObject({
      clientSecretLastFour: clientSecret.slice(-4),
      nextClientSecretLastFour: nextClientSecret.slice(-4),
    })
    await clients.token({ clientId, clientSecret })
    await clients.token({ clientId, clientSecret: nextClientSecret })

    expect(await clients.secrets.rotate({ clientId })).toMatchObject({
      clientSecretLastFour: nextClientSecret.slice(-4),
      nextClientSecretLastFour: null,
    })
    await clients.token({ clientId, clientSecret: nextClientSecret })
    expect((await failureOf(clients.token({ clientId, clientSecret }), ManagementError)).message).toMatch(
      /its secret was rotated/,
    )
  })

  it('that is cancelled keeps the secret', async () => {
    const { clients } = await stytchManagementBed()
    const { clientId, clientSecret } = await clients.create({ scopes: 'a' })
    const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
    expect(await clients.secrets.rotateCancel({ clientId })).toMatchObject({
      clientSecretLastFour: clientSecret.slice(-4),
      nextClientSecretLastFour: null,
    })
    await clients.token({ clientId, clientSecret })
    expect(
      (await failureOf(clients.token({ clientId, clientSecret: nextClientSecret }), ManagementError)).status,
    ).toBe(401)
  })

  it.each(['rotate', 'rotateCancel'] as const)(
    '%s without a started rotation says how to start one',
    async (operation) => {
      const { clients } = await stytchManagementBed()
      const { clientId } = await clients.create({ scopes: 'a' })
      const error = await failureOf(clients.secrets[operation]({ clientId }), ManagementError)
      expect(error).toMatchObject({ status: 400, isUncertain: false, vendor: 'stytch' })
      expect(error.message).toMatch(
        new RegExp(`^stytchClients\\.secrets\\.${operation}: .*secrets\\.rotateStart$`),
      )
    },
  )

  it('started twice says how to end the first, whose secret stays valid', async () => {
    const { clients } = await stytchManagementBed()
    const { clientId } = await clients.create({ scopes: 'a' })
    const { nextClientSecret } = await clients.secrets.rotateStart({ clientId })
    const error = await failureOf(clients.secrets.rotateStart({ clientId }), ManagementError)
    expect(error.message).toMatch(/secrets\.rotate or secrets\.rotateCancel/)
    await clients.token({ clientId, clientSecret: nextClientSecret })
  })
})

describe('a token', () => {
  it('is obtained for some of the scopes, and is a bearer token valid for an hour', async () => {
    const { clients, issuer } = await stytchManagementBed()
    const { clientId, clientSecret } = issuer.stytchProject.client
    const obtained = await clients.token({ clientId, clientSecret, scopes: ['a', 'b'] })
    expect({ ...obtained }).toEqual({ tokenType: 'bearer', expiresIn: 3600 })
    expect(decode(obtained.token).claims).toMatchObject({ sub: clientId, scope: 'a b' })
  })
})

describe('redaction', () => {
  it('no inspected result contains a secret or a token', async () => {
    const { clients } = await stytchManagementBed()
    const created = await clients.create({ scopes: 'a' })
    const { clientId, clientSecret } = created
    const started = await clients.secrets.rotateStart({ clientId })
    const obtained = await clients.token({ clientId, clientSecret })
    for (const [result, secret] of [
      [created, clientSecret],
      [started, started.nextClientSecret],
      [obtained, obtained.token],
    ] as const) {
      const looks = [JSON.stringify(result), inspect(result), JSON.stringify({ ...result })]
      for (const look of looks) expect(look).not.toContain(secret)
      expect(Object.isFrozen(result)).toBe(true)
    }
  })

  it('the inspected management client does not contain the secret of the project', async () => {
    const { clients, options } = await stytchManagementBed()
    const looks = JSON.stringify(clients) + inspect(clients, { depth: 9, showHidden: true })
    expect(looks).not.toContain(options.secret)
  })
})
