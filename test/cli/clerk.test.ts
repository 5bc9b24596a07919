import { describe, expect, it } from 'vitest'
import { START } from '../support/clock.js'
import { cliBed, detailsOf, jsonLines, jsonOf } from '../support/cli.js'

const now = START / 1000

describe('tokens create', () => {
  it('creates a token with the given options; the JSON has the token and times in seconds', async () => {
    const { cli, issuer } = await cliBed()
    const result = await cli([
      ...['tokens', 'create', '--vendor', 'clerk', '--json', '--expires-in', '1h'],
      ...['--claims', '{"scope":"orders:read"}'],
    ])
    expect(result).toMatchObject({ code: 0, stderr: '', asked: [] })
    const { sender, receiver } = issuer.clerkMachines
    expect(jsonOf(result)).toEqual({
      tokenId: expect.stringMatching(/^mt_[0-9a-f]{32}$/i),
      subject: sender.id,
      claims: { scope: 'orders:read' },
      scopes: [receiver.id],
      revoked: false,
      revocationReason: null,
      expired: false,
      expiresAt: now + 3600,
      createdAt: now,
      updatedAt: now,
      lastUsedAt: null,
      token: expect.stringMatching(/^mt_/),
    })
  })

  it('the table shows the same, with times in ISO form', async () => {
    const { cli } = await cliBed()
    const result = await cli('tokens create --vendor clerk --expires-in 90')
    expect(detailsOf(result)).toMatchObject({
      token: expect.stringMatching(/^mt_/),
      createdAt: '2026-11-21T08:00:00Z',
      expiresAt: '2026-11-21T08:01:30Z',
      lastUsedAt: '-',
      revoked: 'false',
    })
  })

  it('shows "never" for a token that does not expire, not "-" for unknown', async () => {
    const { cli } = await cliBed()
    expect(detailsOf(await cli('tokens create --vendor clerk'))['expiresAt']).toBe('never')
  })

  it('creates a JWT, and reuses a token that is still valid', async () => {
    const { cli } = await cliBed()
    const jwt = jsonOf(await cli('tokens create --vendor clerk --json --format jwt'))
    expect(jwt['token'].split('.')).toHaveLength(3)
    const first = jsonOf(await cli('tokens create --vendor clerk --json --expires-in 1h'))
    const again = jsonOf(
      await cli('tokens create --vendor clerk --json --expires-in 1h --min-remaining-ttl 10m'),
    )
    expect(again['tokenId']).toBe(first['tokenId'])
  })
})

describe('tokens list', () => {
  it('fetches all pages, newest first, as a table or as one JSON line per token', async () => {
    const { cli, issuer } = await cliBed()
    for (let count = 0; count < 130; count += 1) issuer.mintOpaque({ provider: 'clerk' })
    const list = `tokens list --vendor clerk --subject ${issuer.clerkMachines.sender.id}`
    const items = jsonLines(await cli(`${list} --json`))
    expect(new Set(items.map(({ tokenId }) => tokenId as string)).size).toBe(130)
    const lines = (await cli(list)).stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(131)
    expect(lines[0]).toMatch(/^TOKEN ID +CREATED AT +EXPIRES AT +LAST USED AT +REVOKED +EXPIRED$/)
    expect(lines[1]!.split(/ {2,}/)).toEqual([
      items[0]!['tokenId'],
      '2026-11-21T08:00:00Z',
      expect.any(String),
      '-',
      'false',
      'false',
    ])
    const columns = lines.map((line) => line.indexOf(line.split(/ {2,}/)[1]!))
    expect(new Set(columns).size).toBe(1)
    const some = jsonLines(await cli(`${list} --json --limit 3 --offset 120`))
    expect(some.map(({ tokenId }) => tokenId)).toEqual(items.slice(120, 123).map(({ tokenId }) => tokenId))
    expect((await cli(`${list} --json --limit 105`)).stdout.trimEnd().split('\n')).toHaveLength(105)
    expect((await cli(`${list} --json --limit 0`)).stdout).toBe('')
  })

  it('an empty list prints a message without --json and nothing with --json', async () => {
    const { cli, issuer } = await cliBed()
    const list = `tokens list --vendor clerk --subject ${issuer.clerkMachines.sender.id}`
    expect(await cli(list)).toMatchObject({ code: 0, stdout: 'None.\n' })
    expect(await cli(`${list} --json`)).toMatchObject({ code: 0, stdout: '' })
  })
})

describe('tokens revoke', () => {
  it('revokes with a reason, which tokens list --revoked shows', async () => {
    const { cli, issuer } = await cliBed()
    const { tokenId } = jsonOf(await cli('tokens create --vendor clerk --json'))
    const revoke = [
      'tokens',
      'revoke',
      tokenId as string,
      '--vendor',
      'clerk',
      '--reason',
      'laptop lost',
      '--json',
    ]
    const result = await cli([...revoke, '--yes'])
    expect(result).toMatchObject({ code: 0, asked: [] })
    expect(jsonOf(result)).toMatchObject({ tokenId, revoked: true, revocationReason: 'laptop lost' })
    const list = `tokens list --vendor clerk --json --subject ${issuer.clerkMachines.sender.id}`
    expect(jsonLines(await cli(list))).toEqual([])
    expect(jsonLines(await cli(`${list} --revoked`))).toMatchObject([{ tokenId, revoked: true }])
  })

  it('accepts the key of the instance, with or without the key of the machine', async () => {
    const { cli, issuer, env } = await cliBed()
    const stranger = { ...env.clerk, CLERK_MACHINE_SECRET_KEY: issuer.clerkMachines.stranger.secretKey }
    const both = { ...stranger, CLERK_SECRET_KEY: issuer.clerkSecretKey }
    const instance = { ...both, CLERK_MACHINE_SECRET_KEY: '' }
    for (const [who, code] of [
      [stranger, 1],
      [both, 0],
      [instance, 0],
    ] as const) {
      const { tokenId } = jsonOf(await cli('tokens create --vendor clerk --json'))
      const result = await cli(`tokens revoke ${tokenId as string} --vendor clerk --yes`, { env: who })
      expect(result.code).toBe(code)
    }
  })
})

describe('tokens verify', () => {
  it('exits with 0 for a valid token, and with 4 for a revoked, expired or unknown one', async () => {
    const { cli, issuer, env, pass } = await cliBed({ testIssuer: { clerkDeadTokens: 'flagged' } })
    const receiver = { ...env.clerk, CLERK_MACHINE_SECRET_KEY: issuer.clerkMachines.receiver.secretKey }
    const verify = (token: string) =>
      cli('tokens verify - --vendor clerk --json', { env: receiver, stdin: `${token}\n` })
    const create = 'tokens create --vendor clerk --json --expires-in 1m'
    const [good, bad] = [jsonOf(await cli(create)), jsonOf(await cli(create))]
    expect(await verify(good['token'])).toMatchObject({ code: 0, stderr: '' })
    issuer.revoke(bad['token'])
    const revoked = await verify(bad['token'])
    expect(revoked.code).toBe(4)
    expect(jsonOf(revoked)).toMatchObject({ tokenId: bad['tokenId'], revoked: true })
    expect(jsonOf(revoked)).not.toHaveProperty('token')
    pass(3600)
    const expired = await verify(good['token'])
    expect(expired.code).toBe(4)
    expect(jsonOf(expired)).toMatchObject({ expired: true })
    const unknown = await verify('mt_nobody_knows_this_one')
    expect(unknown).toMatchObject({ code: 4, stdout: '' })
    expect(unknown.stderr).toMatch(/^clerkTokens\.verify: Clerk responded with 404 /)
  })

  it('a response that is not from Clerk is a failure, not a result about the token', async () => {
    const { cli, issuer } = await cliBed()
    issuer.fail('clerkVerify', { status: 404, body: '<html>' })
    expect(await cli('tokens verify - --vendor clerk', { stdin: 'mt_x' })).toMatchObject({ code: 1 })
  })
})
