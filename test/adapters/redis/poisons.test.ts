import { beforeEach, describe, expect, it } from 'vitest'
import { failureOf } from '../../support/outcomes.js'
import { polling, startInstance, type Instance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { sharedBed } from '../../support/test-bed.js'

const PREFIX = '{m2m-guard}:revocations:'
const ISSUER = 'https://auth.example.com'
const KEY = JSON.stringify(['client', ISSUER, 'new'])
const [META, LOG, LIVE, KEYS, EXPIRY] = ['meta', 'log', 'live', 'keys', 'expiry'].map((name) => PREFIX + name)

const clientsOf = ({ revocations }: Instance): readonly (string | undefined)[] =>
  revocations
    .list()
    .map(({ clientId }) => clientId)
    .sort()

/** Commands of another program. */
type Poison = (server: RedisServer) => Promise<unknown>

const command =
  (...words: readonly (string | undefined)[]): Poison =>
  ({ command }) =>
    command(...words.map((word = '') => word))
const all =
  (...poisons: readonly Poison[]): Poison =>
  async (server) => {
    for (const poison of poisons) await poison(server)
  }
/** A value that stands where an entry is expected, with the number of members that the set then has, so that nothing shows it. */
const unnoticed =
  (member: string, score = '1'): Poison =>
  async (server) => {
    await server.command('HSET', KEYS!, KEY, member)
    await server.command('ZADD', LIVE!, score, member)
    await server.command('HSET', META!, 'count', (await server.command('ZCARD', LIVE!)).slice(1))
  }
/** What is stored has bytes that are no characters, which a client does not return as they are. */
const unnoticedBytes: Poison = ({ command }) => {
  const member = `'9007199254740991 {"v":1,"limit":9007199254740991,\\255'`
  const script = `redis.call('HSET', KEYS[1], ARGV[1], ${member}) redis.call('ZADD', KEYS[2], 1, ${member})
    redis.call('HSET', KEYS[3], 'count', redis.call('ZCARD', KEYS[2]))`
  return command('EVAL', script, '3', KEYS!, LIVE!, META!, KEY)
}
const members = (score: string, count: number): Poison =>
  command('ZADD', LIVE, ...Array.from({ length: count }, (_, index) => [score, `foreign ${index}`]).flat())

const SCORES = [
  '10',
  '100.5',
  '1e15',
  String(2 ** 51),
  String(2 ** 52),
  String(2 ** 53),
  '1e19',
  '1e300',
  'inf',
  '-inf',
  '-5',
  '0',
]
const NUMBERS = [
  'abc',
  '',
  'nan',
  'inf',
  '-inf',
  '1e300',
  '-5',
  '0',
  '1.5',
  '0x10',
  '9007199254740990',
  '9007199253692416',
  '1e19',
]
const STORED = [
  '9e15 {"v":1,x',
  'inf {"v":1,"kind":"client"}',
  'nan {"v":1,"limit":nan,',
  '9e99 {"v":1,broken',
  '9007199254740991 {"v":1,"limit":9007199254740991,',
  '9007199254740991 {"v":2,"limit":9007199254740991}',
  `8000000000000 {"v":1,"limit":8000000000000,"kind":"client","issuer":"${ISSUER}","value":"another","at":1}`,
  'not an entry',
]

/** The poisons, and how many entries of another program a reader of the whole set then finds. */
const POISONS: readonly (readonly [string, Poison, number])[] = [
  ...SCORES.map(
    (score) => [`a member with the score ${score}`, command('ZADD', LIVE, score, 'foreign'), 1] as const,
  ),
  ['1,500 members with one score', members('1', 1500), 1500],
  ['1,500 members with the score inf', members('inf', 1500), 1500],
  ['a member of another version', command('ZADD', LIVE, '11', '5 {"v":2,"kind":"client"}'), 1],
  ...NUMBERS.map((n) => [`the number '${n}'`, command('HSET', META, 'n', n), 0] as const),
  ...['abc', 'nan', '-1', '1e300'].map(
    (count) => [`the count ${count}`, command('HSET', META, 'count', count), 0] as const,
  ),
  ['bytes that are no characters in place of the entry', unnoticedBytes, 1],
  ['no epoch', command('HDEL', META, 'epoch'), 0],
  ['an empty epoch', command('HSET', META, 'epoch', ''), 0],
  ['another head', command('HSET', META, 'head', 'foreign'), 0],
  ...['*', '1-5', '18446744073709551615-0'].map(
    (id) => [`the log id ${id}`, command('XADD', LOG, id, 't', 'x', 'e', 'y'), 0] as const,
  ),
  [
    'a log id that is deleted again',
    all(command('XADD', LOG, '5000000-0', 'a', 'b'), command('XDEL', LOG, '5000000-0')),
    0,
  ],
  [
    'an empty log with a later last id',
    all(command('XADD', LOG, '5000000-0', 'a', 'b'), command('XTRIM', LOG, 'MAXLEN', '0')),
    0,
  ],
  ...STORED.map(
    (stored) =>
      [`${stored} in place of the entry`, unnoticed(stored), stored.includes('"another"') ? 0 : 1] as const,
  ),
  [
    'a number after the end, also in the set',
    all(command('HSET', META, 'n', '9007199254740990'), command('ZADD', LIVE, '9007199254740990', 'foreign')),
    1,
  ],
]

/** One server for all tests, emptied before each. The instances of a test are closed when it ends. */
const redis = sharedBed((atEnd) => startRedis([], atEnd))
beforeEach(() => redis.bed.command('FLUSHALL'))

describe('whatever another program writes, a revocation is stored, and every process refuses both', () => {
  it.each(POISONS)('%s', async (name, poison, foreign) => {
    const [one, two] = [await startInstance(redis.bed.port), await startInstance(redis.bed.port)]
    for (const { revocations } of [one, two]) await revocations.ready()
    const old = await one.revocations.revoke({ issuer: ISSUER, clientId: 'old' })
    await two.revocations.reached(old.receipt)
    await poison(redis.bed)
    const expected = name.includes('"another"') ? ['another', 'new', 'old'] : ['new', 'old']
    for (const clientId of ['new', 'new'])
      await expect(one.revocations.revoke({ issuer: ISSUER, clientId })).resolves.toBeDefined()
    await polling(() => ['new', 'old'].every((client) => clientsOf(two).includes(client)))
    const late = await startInstance(redis.bed.port)
    await late.revocations.ready()
    expect(clientsOf(late)).toEqual(expected)
    expect(late.events.map(({ detail }) => detail)).toEqual(
      foreign === 0 ? [] : [expect.stringMatching(new RegExp(`^${foreign} entr`))],
    )
    // The sequence goes on: a reader follows it, without comparing the whole set again.
    const before = await epochOf(redis.bed)
    await two.revocations.revoke({ issuer: ISSUER, clientId: 'last' })
    await polling(() => [one, late].every((instance) => clientsOf(instance).includes('last')))
    expect(await epochOf(redis.bed)).toBe(before)
  })
})

const epochOf = (server: RedisServer): Promise<string> => server.command('HGET', META!, 'epoch')

describe('a key of another type is not overwritten, and nothing is stored by halves', () => {
  it.each([
    ['meta', META!],
    ['log', LOG!],
    ['live', LIVE!],
    ['keys', KEYS!],
    ['expiry', EXPIRY!],
  ])('%s', async (_, key) => {
    const [one, two] = [await startInstance(redis.bed.port), await startInstance(redis.bed.port)]
    for (const { revocations } of [one, two]) await revocations.ready()
    await one.revocations.revoke({ issuer: ISSUER, clientId: 'old' })
    await redis.bed.command('DEL', key)
    await redis.bed.command('SET', key, 'of another program')
    const error = await failureOf(one.revocations.revoke({ issuer: ISSUER, clientId: 'new' }))
    expect(error.message).toContain(
      `the revocation is not stored: WRONGTYPE the key ${key} is a string of another program`,
    )
    expect(await redis.bed.command('GET', key)).toContain('of another program')
    for (const [words, other] of [
      [['HGETALL'], KEYS!],
      [['ZRANGE', '0', '-1'], LIVE!],
      [['XRANGE', '-', '+'], LOG!],
    ] as const)
      if (other !== key)
        expect(await redis.bed.command(words[0], other, ...words.slice(1))).not.toContain('"new"')
    await redis.bed.command('DEL', key)
    await polling(() => clientsOf(two).length === 2 && one.revocations.health().status === 'ok')
    const late = await startInstance(redis.bed.port)
    await late.revocations.ready()
    expect(clientsOf(late)).toEqual(['new', 'old'])
  })
})

it.each([
  ['a cutoff', { clientId: 'a' }, '0'],
  ['a cutoff', { clientId: 'a' }, '-inf'],
  ['a token', { tokenId: 'a', expiresAt: new Date(Date.now() + 3_600_000) }, '0'],
  ['a token that never expires', { tokenId: 'a' }, '0'],
])('a time of another program drops no entry before its time: %s', async (_, target, score) => {
  const one = await startInstance(redis.bed.port)
  await one.revocations.revoke({ issuer: ISSUER, ...target })
  const key = (await redis.bed.command('HKEYS', KEYS!)).split('\r\n')[2]!
  await redis.bed.command('ZADD', EXPIRY!, score, key)
  await one.revocations.revoke({ issuer: ISSUER, clientId: 'b' })
  const late = await startInstance(redis.bed.port)
  await late.revocations.ready()
  expect(late.revocations.list()).toHaveLength(2)
})
