import { expect, it } from 'vitest'
import { failureOf } from '../../support/outcomes.js'
import { polling, startInstance } from '../../support/redis/fleet.js'
import { startRedis } from '../../support/redis/server.js'

const PREFIX = '{m2m-guard}:revocations:'
const ISSUER = 'https://auth.example.com'
const YEARS = 365 * 24 * 3600

it('a process whose clock is years ahead drops no revocation of another process from Redis', async () => {
  const server = await startRedis()
  const [one, ahead] = [await startInstance(server.port), await startInstance(server.port)]
  await one.revocations.revoke({ issuer: ISSUER, tokenId: 'a', expiresAt: new Date(Date.now() + 3_600_000) })
  ahead.bed.pass(10 * YEARS)
  await ahead.revocations.revoke({ issuer: ISSUER, clientId: 'b', before: one.bed.now() })
  expect(await server.command('ZCARD', `${PREFIX}live`)).toBe(':2')
})

it('a Redis whose clock is years behind keeps every revocation, and numbers do not depend on its clock', async () => {
  const server = await startRedis()
  const one = await startInstance(server.port)
  await one.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
  await one.revocations.revoke({ issuer: ISSUER, clientId: 'b' })
  // The identifiers of the log are the numbers, and not times as Redis would create them.
  expect(await server.command('XRANGE', `${PREFIX}log`, '-', '+')).toMatch(/\b1-0\b[^]*\b2-0\b/)
})

it('a Redis that is too old for the log rejects a revocation with its message, and this process refuses', async () => {
  const server = await startRedis(['--rename-command', 'XADD', ''])
  const { bed, revocations } = await startInstance(server.port)
  const token = bed.jwt({ clientId: 'billing' })
  const error = await failureOf(revocations.revoke({ issuer: bed.issuer.url, clientId: 'billing' }))
  expect(error.message).toMatch(/^the revocation is not stored: .*[Uu]nknown/)
  expect(await bed.outcome(token)).toBe('token_revoked')
})

it.each([
  ['a string', ['SET', `${PREFIX}live`, 'foreign']],
  ['a list', ['LPUSH', `${PREFIX}meta`, 'foreign']],
])(
  '%s of another program in place of a key is a failure that names it, and no token is accepted',
  async (_, command) => {
    const server = await startRedis()
    await server.command(...command)
    const { bed } = await startInstance(server.port)
    await expect(bed.verifier.ready()).rejects.toThrow(/WRONGTYPE/)
    expect(await bed.outcome(bed.jwt())).toBe('revocations_unavailable')
  },
)

it('an entry of another program in the log does not stop later revocations', async () => {
  const server = await startRedis()
  const [one, other] = [await startInstance(server.port), await startInstance(server.port)]
  await one.revocations.revoke({ issuer: ISSUER, tokenId: 'a' })
  // Redis chooses a time as the identifier, which is far beyond the numbers.
  await server.command('XADD', `${PREFIX}log`, '*', 'foreign', 'entry')
  await expect(one.revocations.revoke({ issuer: ISSUER, tokenId: 'b' })).resolves.toBeDefined()
  await other.revocations.revoke({ issuer: ISSUER, tokenId: 'c' })
  for (const { revocations } of [one, other]) await polling(() => revocations.list().length === 3)
})
