import { describe, expect, it } from 'vitest'
import { cliBed, type CliBed, detailsOf, jsonLines, jsonOf } from '../support/cli.js'
import { systemClock } from '../support/clock.js'

const CREATE = [
  ...'clients create --vendor stytch --client-name billing --json --scopes'.split(' '),
  'a:x b:y',
]

async function withClient(): Promise<CliBed & { readonly id: string; readonly secret: string }> {
  const bed = await cliBed()
  const created = jsonOf(await bed.cli(CREATE))
  return { ...bed, id: created['clientId'] as string, secret: created['clientSecret'] as string }
}

describe('clients', () => {
  it('create prints the client with its secret', async () => {
    const { cli } = await cliBed()
    const result = await cli([...CREATE, '--trusted-metadata', '{"team":"orders"}'])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const created = jsonOf(result)
    expect(created).toEqual({
      clientId: expect.stringMatching(/^m2m-client-/),
      clientName: 'billing',
      clientDescription: '',
      status: 'active',
      scopes: ['a:x', 'b:y'],
      clientSecretLastFour: created['clientSecret'].slice(-4),
      nextClientSecretLastFour: null,
      trustedMetadata: { team: 'orders' },
      clientSecret: expect.stringMatching(/.{16,}/),
    })
    const people = detailsOf(await cli(CREATE.filter((word) => word !== '--json')))
    expect(people).toMatchObject({ clientName: 'billing', scopes: 'a:x, b:y', clientDescription: '-' })
    expect(people['clientSecret']).toMatch(/.{16,}/)
  })

  it('create imports a client whose secret is on stdin', async () => {
    const { cli } = await cliBed()
    const args = 'clients create --vendor stytch --scopes a --client-id own-id --client-secret - --json'
    const created = jsonOf(await cli(args, { stdin: 'hard to guess by anyone\n' }))
    expect(created).toMatchObject({ clientId: 'own-id', clientSecret: 'hard to guess by anyone' })
  })

  it('get prints the client without its secret', async () => {
    const { cli, id, secret } = await withClient()
    const result = await cli(`clients get ${id} --vendor stytch --json`)
    expect(jsonOf(result)).toMatchObject({ clientId: id, clientName: 'billing' })
    expect(result.stdout).not.toContain(secret)
  })

  it('search combines filters with all or any, and stops at the limit', async () => {
    const { cli, id } = await withClient()
    const other = jsonOf(await cli('clients create --vendor stytch --client-name other --scopes b:y --json'))
    const found = async (filter: string) =>
      jsonLines(await cli(`clients search --vendor stytch --json ${filter}`)).map(({ clientId }) => clientId)
    expect(await found('')).toEqual(expect.arrayContaining([id, other['clientId']]))
    expect(await found('--client-name billing --scope b:y')).toEqual([id])
    expect((await found(`--client-name billing --client-name other`)).sort()).toEqual(
      [id, other['clientId']].sort(),
    )
    expect(await found(`--client-name billing --scope none`)).toEqual([])
    expect(await found(`--client-name billing --scope none --any`)).toEqual([id])
    expect(await found('--limit 1')).toHaveLength(1)
    const { stdout } = await cli('clients search --vendor stytch --client-name billing')
    expect(stdout).toMatch(/^CLIENT ID +CLIENT NAME +STATUS +SCOPES +NEXT CLIENT SECRET LAST FOUR\n/)
    expect(stdout.split('\n')[1]).toMatch(/ billing +active +a:x, b:y +-$/)
  })

  it('update changes only the given fields; an inactive client obtains no tokens', async () => {
    const { cli, id, secret, env } = await withClient()
    const own = { ...env.stytch, STYTCH_CLIENT_ID: id, STYTCH_CLIENT_SECRET: secret, STYTCH_SECRET: '' }
    expect(await cli('tokens create --vendor stytch', { env: own })).toMatchObject({ code: 0 })
    const updated = jsonOf(await cli(`clients update ${id} --vendor stytch --json --status inactive`))
    expect(updated).toMatchObject({ clientName: 'billing', status: 'inactive', scopes: ['a:x', 'b:y'] })
    const refused = await cli('tokens create --vendor stytch', { env: own })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^tokens create: .*401/)
    const empty = ['clients', 'update', id, '--vendor', 'stytch', '--json', '--scopes', '']
    expect(jsonOf(await cli(empty))).toMatchObject({ scopes: [] })
  })

  it('after rotate-start both secrets are valid, after rotate only the next one', async () => {
    const { cli, id, secret, env } = await withClient()
    const obtains = async (value: string) => {
      const own = { ...env.stytch, STYTCH_CLIENT_ID: id, STYTCH_CLIENT_SECRET: value }
      return (await cli('tokens create --vendor stytch', { env: own })).code
    }
    const early = await cli(`clients rotate ${id} --vendor stytch --yes`)
    expect(early.code).toBe(1)
    expect(early.stderr).toContain('No rotation of this client is open')
    const started = jsonOf(await cli(`clients rotate-start ${id} --vendor stytch --json`))
    const next = started['nextClientSecret'] as string
    expect([await obtains(secret), await obtains(next)]).toEqual([0, 0])
    const rotated = await cli(`clients rotate ${id} --vendor stytch --json --yes`)
    expect(jsonOf(rotated)).toMatchObject({ clientSecretLastFour: next.slice(-4) })
    expect([await obtains(secret), await obtains(next)]).toEqual([1, 0])
  })

  it('rotate-cancel discards the next secret', async () => {
    const { cli, id } = await withClient()
    await cli(`clients rotate-start ${id} --vendor stytch`)
    const cancelled = await cli(`clients rotate-cancel ${id} --vendor stytch --json --yes`)
    expect(jsonOf(cancelled)).toMatchObject({ nextClientSecretLastFour: null })
    expect(cancelled.stdout).not.toContain('nextClientSecret"')
  })

  it('delete removes the client', async () => {
    const { cli, id } = await withClient()
    const deleted = await cli(`clients delete ${id} --vendor stytch --json --yes`)
    expect(jsonOf(deleted)).toEqual({ clientId: id, deleted: true })
    expect(await cli(`clients get ${id} --vendor stytch`)).toMatchObject({ code: 1 })
  })
})

describe('tokens', () => {
  it('create obtains a token without the secret of the project; verify validates it', async () => {
    const { cli, env } = await cliBed({ clock: systemClock })
    const created = await cli('tokens create --vendor stytch --json --scopes read:orders', {
      env: { ...env.stytch, STYTCH_SECRET: '' },
    })
    const TOKEN = jsonOf(created)['token'] as string
    const verify = (more = '') =>
      cli(`tokens verify env:TOKEN --vendor stytch --json ${more}`, { variables: { TOKEN } })
    expect(jsonOf(await verify('--scopes read:orders'))).toEqual({
      clientId: env.stytch['STYTCH_CLIENT_ID'],
      scopes: ['read:orders'],
      customClaims: {},
      issuedAt: expect.any(Number),
      expiresAt: expect.any(Number),
    })
    const lacking = await verify('--scopes write:orders')
    expect(lacking).toMatchObject({ code: 4, stdout: '' })
    expect(lacking.stderr).toMatch(/^tokens verify: scope_insufficient: .*write:orders\n$/)
    expect(await verify('--max-token-age 0')).toMatchObject({ code: 4 })
  })

  it('exits with 4 for a malformed token, and with 1 if the keys are unavailable', async () => {
    const { cli, issuer } = await cliBed({ clock: systemClock })
    const verify = (stdin: string) => cli('tokens verify - --vendor stytch', { stdin })
    expect(await verify('junk')).toMatchObject({ code: 4, stdout: '' })
    issuer.fail('jwks', 500)
    const undecidable = await verify(issuer.mintJwt({ provider: 'stytch' }))
    expect(undecidable.code).toBe(1)
    expect(undecidable.stderr).toMatch(/^tokens verify: keys_unavailable: /)
  })
})
