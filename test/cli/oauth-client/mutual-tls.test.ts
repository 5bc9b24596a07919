import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonOf } from '../../support/cli.js'
import {
  digestOf,
  startMutualTlsIssuer,
  type MutualTlsIssuer,
} from '../../support/servers/mutual-tls-issuer.js'
import { run, writeFiles } from './support.js'

let running: MutualTlsIssuer
const cleanups: (() => void | Promise<void>)[] = []

beforeAll(async () => {
  running = await startMutualTlsIssuer((cleanup) => cleanups.push(cleanup))
})

afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

/** The variables of a client that presents a certificate. */
function variables(clientId: string, certificate: 'current' | 'strange' = 'current') {
  const { cert, key } = running[certificate]
  const paths = writeFiles({ cert, key, ca: running.server.cert })
  running.seen.length = 0
  return {
    OAUTH_ISSUER: running.issuer,
    OAUTH_CLIENT_ID: clientId,
    OAUTH_TLS_CERT_FILE: paths.cert,
    OAUTH_TLS_KEY_FILE: paths.key,
    OAUTH_TLS_CA_FILE: paths.ca,
  }
}

describe('mutual TLS at a real authorization server', () => {
  it.each([
    ['by CA', ''],
    ['by CA', ' --authentication tls_client_auth'],
    ['self-signed', ' --authentication self_signed_tls_client_auth'],
  ])('the client %s creates, introspects and revokes at the alias endpoints%s', async (clientId, flags) => {
    const env = variables(clientId)
    const created = await run(`tokens create --vendor oauth -o token${flags}`, env)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    const withToken = { ...env, TOKEN: created.stdout.trim() }
    const introspect = () => run(`tokens introspect env:TOKEN --vendor oauth --json${flags}`, withToken)
    expect(jsonOf(await introspect())).toMatchObject({ active: true, clientId })
    const revoke = `tokens revoke env:TOKEN --vendor oauth --yes${flags}`
    expect(await run(revoke, withToken)).toMatchObject({ code: 0 })
    expect(await introspect()).toMatchObject({ code: 4 })
    const calls = running.seen.filter(({ path }) => path.startsWith('/token'))
    expect(calls.map(({ path }) => path)).toEqual([
      '/token',
      '/token/introspection',
      '/token/revocation',
      '/token/introspection',
    ])
    expect(new Set(calls.map(({ certificate }) => certificate))).toEqual(new Set([digestOf(running.current)]))
  })

  it('a secret over a connection with a certificate obtains a token that is bound to the certificate', async () => {
    const env = { ...variables('bound'), OAUTH_CLIENT_SECRET: 'hunter2' }
    const { token } = jsonOf(await run('tokens create --vendor oauth --json', env))
    const found = await run('tokens introspect env:TOKEN --vendor oauth --json', {
      ...env,
      TOKEN: token as string,
    })
    const thumbprint = Buffer.from(digestOf(running.current).replaceAll(':', ''), 'hex').toString('base64url')
    expect(jsonOf(found)).toMatchObject({ active: true, claims: { cnf: { 'x5t#S256': thumbprint } } })
  })

  it('a certificate that is not registered fails with 1', async () => {
    const result = await run('tokens create --vendor oauth', variables('by CA', 'strange'))
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/invalid_client/)
    expect(result.stderr).not.toContain('PRIVATE KEY')
  })
})
