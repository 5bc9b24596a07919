import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { redisAnswers, redisTokens } from '../../../adapters/redis.js'
import { runWith } from '../../support/cli.js'
import { clientBed } from '../../support/client.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { polling, startInstance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { SECRET } from '../../support/shared-store.js'
import { fleetOf } from '../../support/sharing.js'
import { until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'
const USER = { username: 'orders', password: 'correct-horse' }
const GUIDE = readFileSync(new URL('../../../docs/guide/fleet.md', import.meta.url), 'utf8')

/** The rules in a section of the guide, one string per code span. */
function rulesIn(heading: string): readonly string[] {
  const [, section = ''] = GUIDE.split(`\n${heading}\n`)
  const [text = ''] = section.split(/\n##/)
  return [...text.matchAll(/`([~+&][^`]*)`/g)].map(([, rules = '']) => rules.replaceAll(/\s+/g, ' '))
}

/** The rules of a section that apply to a client library, and to the option `nudge`. */
const rulesFor = (heading: string, library: string, nudge = false): readonly string[] =>
  rulesIn(heading).filter(
    (rules) => (nudge || rules !== '+subscribe') && (library.startsWith('io') || rules !== '+info'),
  )

/** Starts a server with a user that has exactly these rules. */
async function startWith(rules: readonly string[]): Promise<RedisServer> {
  const server = await startRedis(['--repl-diskless-sync-delay', '0'])
  expect(rules).not.toEqual([])
  const words = rules.flatMap((each) => each.split(' '))
  await server.command('ACL', 'SETUSER', USER.username, 'reset', 'on', `>${USER.password}`, ...words)
  return server
}

/** What the user was denied, except for what clients report about themselves when they connect. */
async function deniedBy(server: RedisServer): Promise<readonly string[]> {
  const log = await server.command('ACL', 'LOG')
  return [...log.matchAll(/\$6\r\nobject\r\n\$\d+\r\n(.*)\r\n/g)]
    .map(([, command = '']) => command)
    .filter((command) => !command.startsWith('client'))
}

describe.each(Object.keys(CLIENTS))(
  'under the ACL of docs/guide/fleet.md, with a client of %s',
  (library) => {
    const connect = (server: RedisServer) => CLIENTS[library]!(server.port, USER)

    it.each([false, true])('every function of redisRevocations works with nudge: %s', async (nudge) => {
      const server = await startWith(rulesFor('## Redis', library, nudge))
      const replica = await startRedis(['--repl-diskless-sync-delay', '0'])
      await replica.command('REPLICAOF', '127.0.0.1', String(server.port))
      await until(async () =>
        (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
      )
      const [one, two] = [
        await startInstance(server.port, { client: await connect(server), nudge }),
        await startInstance(server.port, { client: await connect(server), nudge }),
      ]
      for (const { revocations } of [one, two]) await revocations.ready()
      const expiresAt = new Date(Date.now() + 3_600_000)
      await one.revocations.revoke({ issuer: ISSUER, tokenId: 'a', expiresAt })
      let result = await one.revocations.revoke({ issuer: ISSUER, clientId: 'b' })
      // A replica on a busy machine may need more than the 100 ms for which a revocation waits.
      while (result.durable === 0) result = await one.revocations.revoke({ issuer: ISSUER, clientId: 'b' })
      expect(await two.revocations.reached(result.receipt)).toBe(true)
      // What was lost is written back, with a new epoch.
      await server.command('DEL', '{m2m-guard}:revocations:live')
      await polling(async () => (await server.command('ZCARD', '{m2m-guard}:revocations:live')) === ':2')
      for (const { revocations } of [one, two])
        await polling(
          () => revocations.health().status === 'ok' && revocations.health().nudgeFailure === undefined,
        )
      expect(await deniedBy(server)).toEqual([])
    })

    it('redisAnswers works', async () => {
      const server = await startWith(rulesFor('### What Redis holds', library))
      const fleet = await fleetOf()
      const join = async () =>
        fleet.join(redisAnswers({ client: await connect(server), secret: SECRET, deadline: '5s' }))
      const keys = async () =>
        (await server.command('KEYS', 'm2m-guard:*')).split('\r\n').filter((line) => line.startsWith('m2m'))
      const [one, two] = [await join(), await join()]
      const token = fleet.bed.opaque()
      expect(await one.outcome(token)).toBe('accepted')
      await until(async () => (await keys()).every((key) => !key.endsWith(':lease')))
      expect(await two.outcome(token)).toBe('accepted')
      expect(fleet.calls()).toBe(1)
      two.verifier.forget(token)
      await until(async () => (await keys()).length === 0)
      for (const { verifier } of [one, two]) expect(verifier.health().answers).toEqual({ status: 'ok' })
      expect(await deniedBy(server)).toEqual([])
    })

    it('redisTokens works', async () => {
      const server = await startWith(rulesFor('## Request tokens once for all processes', library))
      const bed = await clientBed()
      const join = async () =>
        bed.source({ tokens: redisTokens({ client: await connect(server), secret: SECRET, deadline: '5s' }) })
      const keys = async () =>
        (await server.command('KEYS', 'm2m-guard:*')).split('\r\n').filter((line) => line.startsWith('m2m'))
      const [one, two] = [await join(), await join()]
      const token = await one.getToken()
      await until(
        async () => (await keys()).length === 1 && (await keys()).every((key) => !key.endsWith(':lease')),
      )
      expect(await two.getToken()).toBe(token)
      two.forget(token)
      await until(async () => (await keys()).length === 0)
      for (const source of [one, two]) expect(source.health().store?.status).toBe('ok')
      expect(await deniedBy(server)).toEqual([])
    })
  },
)

it.each(['redis', 'ioredis', 'iovalkey'])(
  'm2m-guard revoke and revocations work under that ACL with %s',
  async (name) => {
    const server = await startWith(rulesFor('## Redis', name))
    const url = `redis://${USER.username}:${USER.password}@127.0.0.1:${server.port}`
    const loadPackage = (wanted: string) => (wanted === name ? import(name) : Promise.resolve(undefined))
    const args = ['--redis', url, '--issuer', ISSUER]
    const revoked = await runWith(['revoke', ...args, '--client', 'billing', '--yes'], { loadPackage })
    expect(revoked).toMatchObject({ code: 0, stderr: '' })
    const listed = await runWith(['revocations', ...args], { loadPackage })
    expect(listed.stdout).toContain('billing')
    expect(await deniedBy(server)).toEqual([])
  },
)

it.each([
  [
    'a rule of the ACL is missing',
    ['ACL', 'SETUSER', 'default', '-xrevrange', '-time'],
    ['ACL', 'SETUSER', 'default', '+@all'],
    /lacks \+time \+xrevrange/,
  ],
  ['it is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], /OOM/],
])(
  'a process that starts while Redis cannot be written knows it, and checks tokens: %s',
  async (_, broken, healed, message) => {
    const server = await startRedis()
    await server.command(...broken)
    const { bed, revocations, events } = await startInstance(server.port)
    await bed.verifier.ready()
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
    const failure = expect.stringMatching(message) as string
    expect(revocations.health()).toMatchObject({ status: 'degraded', failure })
    await server.command(...healed)
    await polling(() => revocations.health().status === 'ok')
    const told = events.filter(({ detail }) => detail.includes('written'))
    expect(told).toMatchObject([{ kind: 'store_failing', detail: failure }, { kind: 'store_recovered' }])
    expect(await server.command('DBSIZE')).toBe(':0')
  },
)
