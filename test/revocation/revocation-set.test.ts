import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { NEVER, parseEntry, serializeEntry, type Entry } from '../../src/revocation/entry.js'
import { RevocationSet, type RevocableToken } from '../../src/revocation/revocation-set.js'
import { runs } from '../properties/support.js'
import { NOW } from '../support/clock.js'

const entryOf = (members: Partial<Entry>): Entry => ({
  kind: 'token',
  issuer: 'iss',
  value: 'id',
  limit: NOW + 100,
  at: NOW,
  reason: undefined,
  clientId: undefined,
  issuedAt: undefined,
  ...members,
})

const tokenOf = (members: Partial<RevocableToken> = {}): RevocableToken => ({
  issuers: ['iss'],
  tokenIds: [],
  clients: [],
  subjects: [],
  issuedAt: NOW,
  digest: () => 'digest',
  ...members,
})

it('an entry of a store that is longer than any real one is not parsed, and the longest real one is', () => {
  const names = {
    issuer: '\u0000'.repeat(4096),
    value: '\u0000'.repeat(4096),
    clientId: '\u0000'.repeat(4096),
  }
  const longest = entryOf({ ...names, reason: '\u0000'.repeat(200), issuedAt: NOW })
  expect(parseEntry(serializeEntry(longest))).toEqual(longest)
  expect(parseEntry(' '.repeat(100_000) + serializeEntry(entryOf({})))).toBeUndefined()
})

const NAMES = ['a', 'b', 'c']
const name = fc.constantFrom(...NAMES)
const issuer = fc.constantFrom('iss', 'other')
const time = fc.integer({ min: NOW - 5, max: NOW + 5 })
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .record({
      kind: fc.constantFrom('token' as const, 'digest' as const),
      issuer,
      value: name,
      limit: fc.constantFrom(NOW + 1, NOW + 100, NEVER),
      clientId: fc.option(name, { nil: undefined }),
      issuedAt: fc.option(time, { nil: undefined }),
    })
    .map(entryOf),
  fc
    .record({
      kind: fc.constantFrom('client' as const, 'subject' as const),
      issuer,
      value: name,
      limit: time,
    })
    .map(entryOf),
  fc
    .record({ kind: fc.constant('issuer' as const), issuer, value: fc.constant(''), limit: time })
    .map(entryOf),
)

/** Naive rule: an entry refuses a token. */
function refuses(one: Entry, token: RevocableToken): boolean {
  if (one.kind === 'digest') return one.value === token.digest()
  if (!token.issuers.includes(one.issuer)) return false
  if (one.kind === 'token') return token.tokenIds.includes(one.value)
  if (!(token.issuedAt === undefined || token.issuedAt < one.limit)) return false
  if (one.kind === 'client') return token.clients.includes(one.value)
  return one.kind === 'issuer' || token.subjects.includes(one.value)
}

const token: fc.Arbitrary<RevocableToken> = fc
  .record({
    issuers: issuer.map((one) => [one]),
    tokenIds: fc.uniqueArray(name, { maxLength: 2 }),
    clients: fc.uniqueArray(name, { maxLength: 2 }),
    subjects: fc.uniqueArray(name, { maxLength: 2 }),
    issuedAt: fc.option(time, { nil: undefined }),
    digest: name.map((one) => () => one),
  })
  .map(tokenOf)

describe('a set of revocations', () => {
  test('refuses exactly the tokens that one of its entries refuses', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), token, (entries, presented) => {
        const set = new RevocationSet(1000)
        set.add(entries, NOW)
        const found = set.find(presented)
        expect(found !== undefined).toBe(entries.some((one) => refuses(one, presented)))
        if (found !== undefined) expect(refuses(found, presented)).toBe(true)
      }),
      runs(500),
    )
  })

  test('refuses the same after additions in any order, with repetitions and in any groups', () => {
    const histories = fc.array(entry, { maxLength: 20 }).chain((entries) => {
      const twice = [...entries, ...entries]
      return fc.tuple(fc.constant(entries), fc.shuffledSubarray(twice, { minLength: twice.length }))
    })
    fc.assert(
      fc.property(histories, token, ([entries, shuffled], presented) => {
        const [one, other] = [new RevocationSet(1000), new RevocationSet(1000)]
        one.add(entries, NOW)
        for (const single of shuffled) other.add([single], NOW)
        expect(other.find(presented) === undefined).toBe(one.find(presented) === undefined)
      }),
      runs(300),
    )
  })

  test('with any maximum of entries refuses at least what each entry refuses, and never holds more', () => {
    const bounded = fc.record({
      entries: fc.array(entry, { maxLength: 30 }),
      most: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(bounded, ({ entries, most }) => {
        const set = new RevocationSet(most)
        const added: Entry[] = []
        for (const one of entries) {
          const before = set.epoch
          const coarsened = set.add([one], NOW)
          added.push(one)
          if (coarsened.length > 0) expect(set.epoch).toBe(before + 1)
          // A token of the client that the entry names, and one of another client with the same id.
          for (const each of added) {
            expect(set.covers(each, NOW)).toBe(true)
            expect(set.find(ownTokenOf(each))).toBeDefined()
          }
          const tokens = [...set.entries()].filter(({ kind }) => kind === 'token' || kind === 'digest').length
          expect(tokens).toBeLessThanOrEqual(most)
          expect(set.size - tokens).toBeLessThanOrEqual(most)
          expect(set.size).toBe([...set.entries()].length)
        }
      }),
      runs(500),
    )
  })

  test('adding what is present changes nothing, so that cached tokens need no new lookup', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), fc.integer({ min: 1, max: 20 }), (entries, most) => {
        const set = new RevocationSet(most)
        set.add(entries, NOW)
        const { epoch } = set
        expect(set.add(entries, NOW)).toEqual([])
        expect(set.epoch).toBe(epoch)
      }),
      runs(300),
    )
  })

  it('drops entries of expired tokens an hour after the expiry, to make room', () => {
    const set = new RevocationSet(1)
    set.add([entryOf({ value: 'old', limit: NOW + 10 })], NOW)
    const later = NOW + 10 + 3600
    expect(set.add([entryOf({ value: 'new', limit: later + 100, at: later })], later - 1)).toHaveLength(1)
    const second = new RevocationSet(1)
    second.add([entryOf({ value: 'old', limit: NOW + 10 })], NOW)
    expect(second.add([entryOf({ value: 'new', limit: later + 100, at: later })], later)).toEqual([])
    expect([...second.entries()].map(({ value }) => value)).toEqual(['new'])
  })

  it('computes no digest without an entry that has one', () => {
    const set = new RevocationSet(10)
    set.add([entryOf({})], NOW)
    const digest = (): string => {
      throw new Error('not needed')
    }
    expect(set.find(tokenOf({ digest }))).toBeUndefined()
  })
})

/** A token that an entry is about. */
function ownTokenOf(one: Entry): RevocableToken {
  const clients = one.kind === 'client' ? [one.value] : one.clientId === undefined ? [] : [one.clientId]
  const isToken = one.kind === 'token' || one.kind === 'digest'
  return tokenOf({
    issuers: [one.issuer],
    tokenIds: one.kind === 'token' ? [one.value] : [],
    clients,
    subjects: one.kind === 'subject' ? [one.value] : [],
    issuedAt: isToken ? (one.issuedAt ?? NOW) : one.limit - 1,
    digest: () => (one.kind === 'digest' ? one.value : 'other'),
  })
}

describe('an entry in a store', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(parseEntry(serializeEntry(one))).toEqual(one)
      }),
      runs(300),
    )
  })

  it.each([
    ['another version', { v: 2 }],
    ['an unknown kind', { kind: 'user' }],
    ['an issuer that is a number', { issuer: 1 }],
    ['no value', { value: '' }],
    ['no issuer', { issuer: '' }],
    ['a limit that is a string', { limit: '1' }],
    ['a negative limit', { limit: -1 }],
    ['a limit after every date', { kind: 'client', limit: 1e13 }],
    ['no time of revocation', { at: undefined }],
    ['a reason that is too long', { reason: 'a'.repeat(201) }],
    ['a client that is a list', { clientId: ['a'] }],
    ['a long value', { value: 'a'.repeat(4097) }],
  ])('is not read with %s', (_, members) => {
    const valid = JSON.parse(serializeEntry(entryOf({}))) as object
    expect(parseEntry(JSON.stringify(valid))).toBeDefined()
    expect(parseEntry(JSON.stringify({ ...valid, ...members }))).toBeUndefined()
  })

  it.each(['', 'null', '[]', '{', '"a"', '1'])('is not read from %s', (text) => {
    expect(parseEntry(text)).toBeUndefined()
  })
})
