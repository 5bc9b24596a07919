import { describe, expect, it } from 'vitest'
import { START } from '../support/clock.js'
import { cliBed, type CliBed, detailsOf, jsonLines, jsonOf } from '../support/cli.js'
import { hashOf } from '../support/management.js'

const now = START / 1000

async function withToken(): Promise<
  CliBed & { readonly token: string; readonly hash: string; readonly state: () => Promise<string> }
> {
  const bed = await cliBed()
  const { clientId } = bed.issuer.authleteService
  const args = ['tokens', 'create', '--vendor', 'authlete', '--json', '--client-id', clientId]
  const token = jsonOf(await bed.cli([...args, '--scopes', 'a b']))['token'] as string
  const state = async (): Promise<string> => {
    const asked = await bed.cli('tokens introspect - --vendor authlete --json', { stdin: token })
    return `${asked.code} ${jsonOf(asked)['action'] as string}`
  }
  return { ...bed, token, hash: hashOf(token), state }
}

describe('tokens create', () => {
  it('creates a token without a subject, with every option that is passed', async () => {
    const { cli, issuer } = await cliBed()
    const { clientId } = issuer.authleteService
    const result = await cli([
      ...`tokens create --vendor authlete --json --client-id ${clientId}`.split(' '),
      ...['--expires-in', '15m', '--scopes', 'a b', '--property', 'team=orders=1', '--property', 'x='],
    ])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(jsonOf(result)).toMatchObject({
      token: expect.stringMatching(/.{20,}/),
      grantType: 'CLIENT_CREDENTIALS',
      clientId,
      scopes: ['a', 'b'],
      expiresIn: 900,
      properties: [
        { key: 'team', value: 'orders=1' },
        { key: 'x', value: '' },
      ],
    })
  })

  it('a token with a subject has a refresh token, which the table shows too', async () => {
    const { cli, issuer } = await cliBed()
    const { clientId } = issuer.authleteService
    const result = await cli(
      `tokens create --vendor authlete --client-id ${clientId} --grant-type PASSWORD --subject john`,
    )
    expect(detailsOf(result)).toMatchObject({
      subject: 'john',
      token: expect.stringMatching(/.{20,}/),
      refreshToken: expect.stringMatching(/.{20,}/),
    })
  })
})

describe('tokens list', () => {
  it('fetches all pages; --limit and --offset select a part', async () => {
    const { cli, issuer } = await cliBed()
    for (let count = 0; count < 120; count += 1) issuer.mintOpaque({ provider: 'authlete' })
    const all = jsonLines(await cli('tokens list --vendor authlete --json'))
    expect(new Set(all.map(({ tokenHash }) => tokenHash as string)).size).toBe(120)
    const some = jsonLines(await cli('tokens list --vendor authlete --json --limit 5 --offset 110'))
    expect(some).toEqual(all.slice(110, 115))
    expect(jsonLines(await cli('tokens list --vendor authlete --json --offset 500'))).toEqual([])
    const { stdout } = await cli('tokens list --vendor authlete --limit 1')
    expect(stdout).toMatch(/^TOKEN HASH +CLIENT ID +SUBJECT +GRANT TYPE +SCOPES +CREATED AT +EXPIRES AT/)
    expect(stdout).toContain('2026-11-21T08:00:00Z')
  })
})

describe('tokens update', () => {
  it('changes scopes and expiry by token, hash or id', async () => {
    const { cli, token, hash } = await withToken()
    const update = 'tokens update --vendor authlete --json'
    const first = await cli(`${update} --token - --scopes a`, { stdin: token })
    expect(jsonOf(first)).toMatchObject({ scopes: ['a'] })
    expect(first.stdout).not.toContain(token)
    const at = '2026-11-21T09:00:00Z'
    const second = await cli(`${update} --token-hash=${hash} --expires-at ${at}`)
    expect(jsonOf(second)).toMatchObject({ expiresAt: now + 3600 })
  })

  it('shows the new token value, and the old one is no longer valid', async () => {
    const { cli, token, hash, state } = await withToken()
    const result = await cli(`tokens update --vendor authlete --json --token-hash=${hash} --replace-token`)
    expect(jsonOf(result)['token']).toMatch(/.{20,}/)
    expect(result.stdout).not.toContain(token)
    expect(await state()).toBe('4 UNAUTHORIZED')
  })
})

describe('tokens delete and tokens revoke', () => {
  it.each([
    ['delete by hash', (hash: string) => `tokens delete --token-hash=${hash}`, { deleted: true }],
    ['delete by token', () => 'tokens delete --token env:TOKEN', { deleted: true }],
    ['revoke by hash', (hash: string) => `tokens revoke --token-hash=${hash}`, { count: 1 }],
    ['revoke by token', () => 'tokens revoke --token env:TOKEN', { count: 1 }],
  ])('%s: the token is valid before and invalid after', async (_, args, said) => {
    const { cli, token, hash, state } = await withToken()
    expect(await state()).toBe('0 OK')
    const result = await cli(`${args(hash)} --vendor authlete --yes --json`, { variables: { TOKEN: token } })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(jsonOf(result)).toEqual(said)
    expect(await state()).toBe('4 UNAUTHORIZED')
  })

  it('an unknown hash is an error, not a revocation of zero tokens', async () => {
    const { cli } = await cliBed()
    const result = await cli(`tokens revoke --vendor authlete --yes --token-hash=${hashOf('no such token')}`)
    expect(result).toMatchObject({ code: 1, stdout: '' })
  })

  it('revokes every token of a client, a subject or both only with an --all-of option', async () => {
    const { cli, issuer } = await cliBed()
    const { clientId } = issuer.authleteService
    const mint = (subject: string) => issuer.mintOpaque({ provider: 'authlete', subject })
    const left = async () => jsonLines(await cli('tokens list --vendor authlete --json')).length
    for (const subject of ['john', 'jane', 'jane', 'jim']) mint(subject)
    const revoke = (which: string) => cli(`tokens revoke --vendor authlete --yes --json ${which}`)
    expect(jsonOf(await revoke('--all-of-subject john'))).toEqual({ count: 1 })
    expect(jsonOf(await revoke(`--all-of-client ${clientId} --all-of-subject jane`))).toEqual({ count: 2 })
    expect(await left()).toBe(1)
    expect(jsonOf(await revoke(`--all-of-client ${clientId}`))).toEqual({ count: 1 })
    expect(await left()).toBe(0)
  })

  it.each([
    ['revoke', 'Exactly one of --token, --token-hash, --refresh-token, --refresh-token-hash is required'],
    ['revoke --token-hash x --refresh-token-hash y', 'Exactly one of'],
    ['revoke --token-hash x --all-of-subject y', '--token-hash selects one token'],
    ['delete', 'Exactly one of --token, --token-hash is required'],
    ['delete --token-hash x', '--token-hash: must be a SHA-256 value'],
  ])('%s: nothing is sent', async (words, message) => {
    const { cli, issuer } = await cliBed()
    const result = await cli(`tokens ${words} --vendor authlete --yes`)
    expect(result.code).toBe(2)
    expect(result.stderr).toContain(message)
    expect(issuer.calls.total).toBe(0)
  })
})

it.each([' -', '=-', '=--'])('accepts a hash that begins with a dash: --token-hash%s', async (way) => {
  const { cli } = await cliBed()
  const hash = 'A'.repeat(44 - way.length)
  const result = await cli(`tokens delete --vendor authlete --yes --token-hash${way}${hash}`)
  expect(result.code).toBe(1)
  expect(result.stderr).toContain('authleteTokens.delete: Authlete responded with 404')
})

describe('tokens introspect', () => {
  it('a missing scope makes the result negative', async () => {
    const { cli, token } = await withToken()
    const introspect = (scope: string) =>
      cli(`tokens introspect - --vendor authlete --json --scopes ${scope}`, { stdin: token })
    expect(await introspect('a')).toMatchObject({ code: 0 })
    const lacking = await introspect('c')
    expect(lacking.code).toBe(4)
    expect(jsonOf(lacking)).toMatchObject({ action: 'FORBIDDEN', sufficient: false })
  })
})

describe('tokens reissue-id-token', () => {
  it('prints the ID token, and neither of the tokens that it received', async () => {
    const { cli, issuer } = await cliBed()
    const { clientId } = issuer.authleteService
    const created = jsonOf(
      await cli(
        `tokens create --vendor authlete --json --client-id ${clientId} --grant-type AUTHORIZATION_CODE ` +
          '--subject john --scopes openid',
      ),
    )
    const variables = { ACCESS: created['token'], REFRESH: created['refreshToken'] }
    const result = await cli(
      'tokens reissue-id-token --vendor authlete --json --token env:ACCESS --refresh-token env:REFRESH',
      { variables },
    )
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(jsonOf(result)).toEqual({ idToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) })
  })
})
