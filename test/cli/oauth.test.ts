import { describe, expect, it } from 'vitest'
import { cliBed, detailsOf, jsonOf } from '../support/cli.js'

describe('tokens create', () => {
  it.each(['', '--authentication post'])('obtains a token with client credentials %s', async (how) => {
    const { cli } = await cliBed()
    const result = await cli(
      `tokens create --vendor oauth --json --scopes a --resource https://orders.internal ${how}`,
    )
    const TOKEN = jsonOf(result)['token'] as string
    const said = jsonOf(
      await cli('tokens introspect env:TOKEN --vendor oauth --json', { variables: { TOKEN } }),
    )
    expect(said).toMatchObject({ active: true, scopes: ['a'], audience: ['https://orders.internal'] })
    // What is not known is there all the same: a program can rely on the members.
    expect(said).toMatchObject({ username: null, notBefore: null })
  })

  it('accepts the endpoints as options for an issuer without discovery', async () => {
    const { cli, issuer } = await cliBed()
    issuer.fail('discovery', 404)
    const created = await cli(`tokens create --vendor oauth --json --token-endpoint ${issuer.url}/token`)
    const variables = { TOKEN: jsonOf(created)['token'] as string }
    for (const [verb, option] of [
      ['introspect', 'introspection'],
      ['revoke', 'revocation'],
    ]) {
      const path = `${issuer.url}/${verb === 'revoke' ? 'revoke' : 'introspect'}`
      const args = `tokens ${verb!} env:TOKEN --vendor oauth --${option!}-endpoint ${path}`
      const yes = verb === 'revoke' ? ' --yes' : ''
      expect(await cli(args + yes, { variables })).toMatchObject({ code: 0, stderr: '' })
    }
    expect(issuer.calls.discovery).toBe(0)
  })
})

describe('tokens introspect and tokens revoke', () => {
  it('a token is active, is revoked, and is then inactive', async () => {
    const { cli, issuer } = await cliBed()
    const TOKEN = issuer.mintOpaque({ scopes: 'a b' })
    const introspect = () => cli('tokens introspect env:TOKEN --vendor oauth', { variables: { TOKEN } })
    const good = await introspect()
    expect(good.code).toBe(0)
    expect(detailsOf(good)).toMatchObject({
      active: 'true',
      scopes: 'a, b',
      issuedAt: '2026-11-21T08:00:00Z',
    })
    const revoked = await cli('tokens revoke - --vendor oauth --yes --json', { stdin: TOKEN })
    expect(jsonOf(revoked)).toEqual({ fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), revoked: true })
    const dead = await introspect()
    expect(dead.code).toBe(4)
    expect(detailsOf(dead)).toMatchObject({ active: 'false' })
  })

  it('reports that the token of another client is not revoked', async () => {
    const { cli, issuer } = await cliBed()
    const other = issuer.addClient()
    const token = issuer.mintOpaque({ clientId: other.clientId })
    const result = await cli('tokens revoke - --vendor oauth --yes', { stdin: token })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^oauthTokens\.revoke: .*another client/)
  })
})

describe('tokens create --output token', () => {
  it.each([
    ['oauth', '--output token'],
    ['oauth', '-o token'],
    ['clerk', '-o token'],
    ['stytch', '-o token'],
  ])('at %s with %s prints only the token', async (vendor, how) => {
    const { cli } = await cliBed()
    const result = await cli(`tokens create --vendor ${vendor} ${how}`)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(/^[\w.-]+\n$/)
  })

  it.each([
    ['--output jwt', /--output: must be/],
    ['-o token --json', /--json and --output cannot be combined/],
  ])('%s is wrong use', async (how, message) => {
    const { cli, issuer } = await cliBed()
    const result = await cli(`tokens create --vendor oauth ${how}`)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(message)
    expect(issuer.calls.total).toBe(0)
  })
})
