import { describe, expect, it } from 'vitest'
import { answering } from './support.js'
import { authleteManagementBed } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

const PROOF = { dpop: 'a.b.c', htm: 'GET', htu: 'https://api.test/orders' }

describe('introspect', () => {
  it("returns the token's details with times in seconds and hidden properties marked", async () => {
    const { tokens, clientId, now } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      subject: 'john',
      scopes: 'a b',
      expiresIn: 60,
      resources: ['https://api.test'],
      properties: [
        { key: 'tenant', value: 't1' },
        { key: 'risk', value: 'high', hidden: true },
      ],
      acr: 'gold',
      authTime: now() - 30,
      certificateThumbprint: 'c'.repeat(43),
    })
    expect(await tokens.introspect({ token: accessToken, scopes: 'a' })).toMatchObject({
      action: 'OK',
      challenge: undefined,
      existent: true,
      usable: true,
      sufficient: true,
      refreshable: true,
      responseSigningRequired: false,
      expiresAt: now() + 60,
      subject: 'john',
      clientId,
      clientIdAliasUsed: false,
      scopes: ['a', 'b'],
      properties: [
        { key: 'tenant', value: 't1', hidden: false },
        { key: 'risk', value: 'high', hidden: true },
      ],
      tokenResources: ['https://api.test'],
      certificateThumbprint: 'c'.repeat(43),
      grantType: 'AUTHORIZATION_CODE',
      acr: 'gold',
      authTime: now() - 30,
    })
  })

  it('a client credentials token has no subject', async () => {
    const { tokens, clientId } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({ grantType: 'CLIENT_CREDENTIALS', clientId })
    const verdict = await tokens.introspect({ token: accessToken })
    expect(verdict).toMatchObject({ subject: undefined, grantType: 'CLIENT_CREDENTIALS' })
  })

  it.each<[string, object, string]>([
    ['scopes it has', { scopes: ['a', 'b'] }, 'OK'],
    ['a scope it lacks', { scopes: 'a c' }, 'FORBIDDEN'],
    ['its subject', { subject: 'john' }, 'OK'],
    ['another subject', { subject: 'jane' }, 'FORBIDDEN'],
    ['its resource', { resources: ['https://api.test'] }, 'OK'],
    ['another resource', { resources: ['https://elsewhere.test'] }, 'UNAUTHORIZED'],
    ['its acr among others', { acrValues: ['silver', 'gold'] }, 'OK'],
    ['another acr', { acrValues: ['platinum'] }, 'UNAUTHORIZED'],
    ['an authentication young enough', { maxAge: '30s' }, 'OK'],
    ['a younger authentication', { maxAge: 29 }, 'UNAUTHORIZED'],
  ])('evaluates %s', async (_, question, action) => {
    const { tokens, clientId, now } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({
      grantType: 'AUTHORIZATION_CODE',
      clientId,
      subject: 'john',
      scopes: 'a b',
      resources: ['https://api.test'],
      acr: 'gold',
      authTime: now() - 30,
    })
    const verdict = await tokens.introspect({ token: accessToken, ...question })
    expect(verdict.action).toBe(action)
    if (action !== 'OK') expect(verdict.challenge).toMatch(/^Bearer error="/)
  })

  it('an unknown token gives a result in which nothing is true', async () => {
    const { tokens } = await authleteManagementBed()
    expect(await tokens.introspect({ token: 'unknown' })).toMatchObject({
      action: 'UNAUTHORIZED',
      existent: false,
      usable: false,
      sufficient: false,
      clientId: undefined,
      scopes: [],
    })
  })

  it('absent fields count as false, and an invalid header value as absent', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    const bad = {
      action: 'FORBIDDEN',
      responseContent: 'x\r\nset-cookie: y',
      dpopNonce: 'n\n',
      usable: 'true',
    }
    issuer.fail('authleteIntrospection', { status: 200, body: bad })
    expect(await tokens.introspect({ token: 't' })).toMatchObject({
      challenge: undefined,
      dpopNonce: undefined,
      existent: false,
      usable: false,
    })
  })

  it.each(['BAD_REQUEST', 'INTERNAL_SERVER_ERROR', 'ACCEPTED', 'ok', '', 7, undefined])(
    'the action %j is an error, so that the check fails closed',
    async (action) => {
      const { tokens, issuer } = await authleteManagementBed()
      const body = { action, existent: true, usable: true, sufficient: true, resultCode: 'A056999' }
      issuer.fail('authleteIntrospection', { status: 200, body })
      const error = await failureOf(tokens.introspect({ token: 'the-token' }))
      expect(error).toMatchObject({ name: 'ManagementError', operation: 'authleteTokens.introspect' })
      expect(error.message).not.toContain('the-token')
    },
  )

  it('is not retried with a proof, because a proof sent twice would be a replay', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    issuer.fail('authleteIntrospection', 503)
    expect(await failureOf(tokens.introspect({ token: 't', ...PROOF }))).toMatchObject({ status: 503 })
    expect(issuer.calls.authleteIntrospection).toBe(1)
    expect(await failureOf(tokens.introspect({ token: 't' }))).toMatchObject({
      status: 503,
      isUncertain: false,
    })
    expect(issuer.calls.authleteIntrospection).toBe(3)
  })

  it.each(['htm', 'htu'] as const)('a proof without %s is rejected', async (member) => {
    const { tokens } = await authleteManagementBed()
    const { [member]: _, ...rest } = PROOF
    expect(await failureOf(tokens.introspect({ token: 't', ...rest }))).toMatchObject({
      option: `authleteTokens.introspect.${member}`,
    })
  })
})

describe('introspectStandard', () => {
  it('reads the response that is nested in the response', async () => {
    const { tokens, clientId, now } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({
      grantType: 'CLIENT_CREDENTIALS',
      clientId,
      scopes: 'a b',
      expiresIn: 60,
      resources: ['https://api.test'],
    })
    const facts = {
      format: 'json',
      active: true,
      scopes: ['a', 'b'],
      clientId,
      tokenType: 'Bearer',
      audience: ['https://api.test'],
      expiresAt: now() + 60,
      issuedAt: now(),
    }
    expect(await tokens.introspectStandard({ token: accessToken })).toMatchObject(facts)
    const parameters = new URLSearchParams({ token: accessToken, token_type_hint: 'access_token' }).toString()
    expect(await tokens.introspectStandard({ parameters })).toMatchObject(facts)
    const mine = { token: accessToken, resourceServerUri: 'https://api.test' }
    expect(await tokens.introspectStandard(mine)).toMatchObject({ active: true })
  })

  it.each<[string, object]>([
    ['for another resource server', { resourceServerUri: 'https://elsewhere.test' }],
    ['that is unknown', { token: 'unknown' }],
  ])('a token %s is inactive, without further details', async (_, question) => {
    const { tokens, clientId } = await authleteManagementBed()
    const { token: accessToken } = await tokens.create({
      grantType: 'CLIENT_CREDENTIALS',
      clientId,
      resources: ['https://api.test'],
    })
    const answer = await tokens.introspectStandard({ token: accessToken, ...question })
    expect(answer).toMatchObject({
      active: false,
      scopes: [],
      clientId: undefined,
      claims: { active: false },
    })
  })

  it('returns hidden properties only if the option is set', async () => {
    const { tokens, clientId } = await authleteManagementBed()
    const { token } = await tokens.create({
      grantType: 'CLIENT_CREDENTIALS',
      clientId,
      properties: [{ key: 'risk', value: 'high', hidden: true }],
    })
    const claims = async (includeHiddenProperties: boolean) => {
      const answer = await tokens.introspectStandard({ token, includeHiddenProperties })
      return answer.format === 'json' ? answer.claims : {}
    }
    expect(await claims(false)).not.toHaveProperty('risk')
    expect(await claims(true)).toMatchObject({ risk: 'high' })
  })

  it('returns a JWT response as the JWT', async () => {
    const { tokens, clientId, issuer } = await authleteManagementBed()
    const { token } = await tokens.create({ grantType: 'CLIENT_CREDENTIALS', clientId })
    const accept = 'application/token-introspection+jwt'
    const resourceServerUri = 'https://api.test'
    const answer = await tokens.introspectStandard({ token, accept, resourceServerUri })
    if (answer.format !== 'jwt') throw new Error('no JWT')
    const [header, payload] = answer.jwt
      .split('.', 2)
      .map((part) => Buffer.from(part, 'base64url').toString())
    expect(JSON.parse(header!)).toMatchObject({ typ: 'token-introspection+jwt' })
    expect(JSON.parse(payload!)).toMatchObject({
      iss: issuer.endpoints.authlete,
      aud: resourceServerUri,
      token_introspection: { active: true, client_id: clientId },
    })
    expect(await failureOf(tokens.introspectStandard({ token, accept }))).toMatchObject({
      option: 'authleteTokens.introspectStandard.resourceServerUri',
    })
  })

  it.each<[string, string]>([
    ['a failure', '{"action":"BAD_REQUEST","resultCode":"A145201","resultMessage":"the-token"}'],
    ['an unknown action', '{"action":"FINE","responseContent":"{\\"active\\":true}"}'],
    ['no action', '{"responseContent":"{\\"active\\":true}"}'],
    ['no nested response', '{"action":"OK"}'],
    ['an empty nested string', '{"action":"OK","responseContent":""}'],
    ['a nested HTML page', '{"action":"OK","responseContent":"<html>"}'],
    ['a nested list', '{"action":"OK","responseContent":"[]"}'],
    ['a nested object in place of a string', '{"action":"OK","responseContent":{"active":true}}'],
    ['a nested response without active', '{"action":"OK","responseContent":"{}"}'],
    [
      'a nested response with active as a string',
      '{"action":"OK","responseContent":"{\\"active\\":\\"true\\"}"}',
    ],
    ['an empty JWT', '{"action":"JWT","responseContent":""}'],
  ])('%s is an error', async (_, body) => {
    const { tokens, issuer } = await authleteManagementBed()
    issuer.fail('authleteIntrospection', answering(body))
    const error = await failureOf(tokens.introspectStandard({ token: 'the-token' }))
    expect(error).toMatchObject({ name: 'ManagementError', isUncertain: false })
    expect(error.message).not.toContain('the-token')
  })
})
