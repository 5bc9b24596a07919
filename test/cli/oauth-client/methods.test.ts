import { createPrivateKey, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { importPKCS8, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  CLIENT_KEY,
  KEY_CLIENT,
  POST_CLIENT,
  resource,
  startAuthorizationServer,
  type AuthorizationServer,
} from '../../integration/oidc-provider/authorization-server.js'
import { cliBed, jsonOf } from '../../support/cli.js'
import { dateClock, NOW } from '../../support/clock.js'
import { decode } from '../../support/tokens/jwt.js'
import { ecPair, run, writeFiles } from './support.js'

const PAIR = ecPair()
const OTHER = ecPair()
const JWK = { ...createPrivateKey(PAIR.privateKey).export({ format: 'jwk' }), kid: 'billing-2026' }

/** A test issuer with a client that has a key, and its variables without a credential. */
async function bed() {
  const { issuer } = await cliBed({ clock: dateClock(onTestFinished) })
  issuer.addClient({ clientId: 'keyed', publicKey: PAIR.publicKey })
  return { issuer, client: { OAUTH_ISSUER: issuer.url, OAUTH_CLIENT_ID: 'keyed' } }
}

describe('private_key_jwt at the test issuer', () => {
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['PEM', PAIR.privateKey, {}],
    ['PEM with line breaks of Windows', PAIR.privateKey.replaceAll('\n', '\r\n'), {}],
    ['a JWK', JSON.stringify(JWK), {}],
    [
      'a JWK, selected by name',
      `${JSON.stringify(JWK, null, 2)}\n`,
      { OAUTH_CLIENT_AUTHENTICATION: 'private_key_jwt' },
    ],
    [
      'PEM with a key id, an algorithm and a header',
      PAIR.privateKey,
      {
        OAUTH_CLIENT_KEY_ID: 'a',
        OAUTH_CLIENT_KEY_ALGORITHM: 'ES256',
        OAUTH_CLIENT_ASSERTION_HEADER: '{"x5t":"abc"}',
      },
    ],
  ])('creates, introspects and revokes a token with a key file: %s', async (_, content, more) => {
    const { issuer, client } = await bed()
    const { key } = writeFiles({ key: content })
    const env = { ...client, ...more, OAUTH_CLIENT_KEY_FILE: key }
    const created = await run('tokens create --vendor oauth -o token', env)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    const TOKEN = created.stdout.trim()
    expect(decode(TOKEN).claims['client_id']).toBe('keyed')
    const introspect = () => run('tokens introspect env:TOKEN --vendor oauth --json', { ...env, TOKEN })
    expect(jsonOf(await introspect())).toMatchObject({ active: true, clientId: 'keyed' })
    expect(await run('tokens revoke env:TOKEN --vendor oauth --yes', { ...env, TOKEN })).toMatchObject({
      code: 0,
    })
    expect(await introspect()).toMatchObject({ code: 4 })
    expect(issuer.calls.token).toBe(1)
  })

  it('sends the audience of the assertion that the variable names', async () => {
    const { issuer, client } = await bed()
    const { key } = writeFiles({ key: PAIR.privateKey })
    const env = { ...client, OAUTH_CLIENT_KEY_FILE: key }
    const create = (audience: string) =>
      run('tokens create --vendor oauth', { ...env, OAUTH_CLIENT_ASSERTION_AUDIENCE: audience })
    expect(await create(`${issuer.url}/token`)).toMatchObject({ code: 0 })
    expect(await create('https://other.test')).toMatchObject({ code: 1, stdout: '' })
  })

  it.each(['tokens create', 'tokens introspect env:TOKEN'])(
    '%s with a key that is not registered fails with 1 and says which variable to check',
    async (command) => {
      const { client } = await bed()
      const { key } = writeFiles({ key: OTHER.privateKey })
      const env = { ...client, OAUTH_CLIENT_KEY_FILE: key, TOKEN: 'x' }
      const result = await run(`${command} --vendor oauth`, env)
      expect(result).toMatchObject({ code: 1, stdout: '' })
      expect(result.stderr).toMatch(/invalid_client/)
      expect(result.stderr).toMatch(
        /Check OAUTH_CLIENT_ID, OAUTH_CLIENT_KEY_FILE|Check the client id and its secret or key/,
      )
    },
  )
})

describe('an assertion that a platform signed', () => {
  const assertion = async (url: string): Promise<string> =>
    new SignJWT({ iss: 'keyed', sub: 'keyed', aud: url, exp: NOW + 60, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(await importPKCS8(PAIR.privateKey, 'ES256'))

  it('is read from its file anew for each command', async () => {
    const { issuer, client } = await bed()
    const { file } = writeFiles({ file: '' })
    const env = { ...client, OAUTH_CLIENT_ASSERTION_FILE: file }
    for (const line of ['tokens create', 'tokens introspect env:TOKEN', 'tokens revoke env:TOKEN --yes']) {
      // The issuer accepts an assertion once. Platforms end their files with or without a line break.
      writeFileSync(file, `${await assertion(issuer.url)}\n`)
      const result = await run(`${line} --vendor oauth`, {
        ...env,
        TOKEN: issuer.mintOpaque({ clientId: 'keyed' }),
      })
      expect(result).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it.each(['kubernetes', 'githubActions', 'gitlab', 'google'] as const)(
    'may be the token of %s, which the platform replaces in its file',
    async (preset) => {
      const { issuer } = await bed()
      const mint = (): string => issuer.mintJwt({ preset, audience: issuer.url })
      const { iss, sub } = decode(mint()).claims as { readonly iss: string; readonly sub: string }
      const federated = { issuer: iss, subject: sub, jwks: issuer.jwks(preset) }
      issuer.addClient({ clientId: 'workload', federated })
      const { file } = writeFiles({ file: mint() })
      const env = {
        OAUTH_ISSUER: issuer.url,
        OAUTH_CLIENT_ID: 'workload',
        OAUTH_CLIENT_ASSERTION_FILE: file,
      }
      for (let command = 0; command < 2; command += 1) {
        const result = await run('tokens create --vendor oauth -o token', env)
        expect(result).toMatchObject({ code: 0, stderr: '' })
        expect(decode(result.stdout.trim()).claims['client_id']).toBe('workload')
        writeFileSync(file, mint())
      }
    },
  )

  it('is never printed, also if the issuer refuses it', async () => {
    const { issuer, client } = await bed()
    const used = await assertion('https://other.test')
    const { file } = writeFiles({ file: used })
    issuer.fail('token', { status: 401, body: { error: 'invalid_client', error_description: used } })
    const result = await run('tokens create --vendor oauth', { ...client, OAUTH_CLIENT_ASSERTION_FILE: file })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).not.toContain(used.split('.')[2])
  })
})

describe('--authentication', () => {
  it('takes precedence over its variable', async () => {
    const { issuer, env } = await cliBed()
    const variables = { ...env.oauth, OAUTH_CLIENT_AUTHENTICATION: 'none' }
    const result = await run('tokens create --vendor oauth --authentication post', variables)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(issuer.calls.token).toBe(1)
  })

  it.each(['flag', 'variable'])('none by a %s sends the client id and no credential', async (by) => {
    const { issuer } = await cliBed()
    const client = { OAUTH_ISSUER: issuer.url, OAUTH_CLIENT_ID: 'public' }
    const env = by === 'flag' ? client : { ...client, OAUTH_CLIENT_AUTHENTICATION: 'none' }
    const result = await run(
      `tokens create --vendor oauth${by === 'flag' ? ' --authentication none' : ''}`,
      env,
    )
    // The test issuer has no public clients, so that the request arrives and is refused.
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(issuer.calls.token).toBe(1)
  })
})

describe('at a real authorization server', () => {
  let server: AuthorizationServer
  beforeAll(async () => {
    server = await startAuthorizationServer()
  })
  afterAll(() => server.close())

  const methods: readonly (readonly [string, () => Readonly<Record<string, string>>, string])[] = [
    [
      'private_key_jwt',
      () => ({
        OAUTH_CLIENT_ID: KEY_CLIENT,
        OAUTH_CLIENT_KEY_FILE: writeFiles({ key: JSON.stringify(CLIENT_KEY) }).key,
      }),
      '',
    ],
    [
      'post',
      () => ({ OAUTH_CLIENT_ID: POST_CLIENT.id, OAUTH_CLIENT_SECRET: POST_CLIENT.secret }),
      ' --authentication post',
    ],
  ]

  it.each(methods)('%s creates, introspects and revokes a token', async (_, clientOf, flags) => {
    const env: Readonly<Record<string, string>> = { OAUTH_ISSUER: server.issuer, ...clientOf() }
    const created = await run(
      `tokens create --vendor oauth --scopes orders:read --resource ${resource('opaque')} --json${flags}`,
      env,
    )
    expect(created).toMatchObject({ code: 0, stderr: '' })
    const { token, expiresAt, scopes } = jsonOf(created)
    expect([Number.isInteger(expiresAt), scopes]).toEqual([true, ['orders:read']])
    const introspect = () =>
      run(`tokens introspect env:TOKEN --vendor oauth --json${flags}`, { ...env, TOKEN: token as string })
    expect(jsonOf(await introspect())).toMatchObject({ active: true, clientId: env['OAUTH_CLIENT_ID'] })
    const revoke = `tokens revoke env:TOKEN --vendor oauth --yes${flags}`
    expect(await run(revoke, { ...env, TOKEN: token as string })).toMatchObject({ code: 0 })
    expect(await introspect()).toMatchObject({ code: 4 })
  })
})
