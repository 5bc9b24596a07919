import { describe, expect, it } from 'vitest'
import { ConfigurationError, sharedAnswers, type StoreSecret } from '../../src/index.js'
import { SealedStore } from '../../src/store/sealed-store.js'
import { deriveKeys, digestOf, open, seal } from '../../src/store/sealing.js'
import { memoryStore, SECRET } from '../support/shared-store.js'

const keys = deriveKeys(Buffer.from(SECRET), 'answers')
const others = deriveKeys(Buffer.from(`${SECRET}2`), 'answers')

describe('a sealed value', () => {
  it('is read under its own name only', () => {
    const value = seal(keys, 'a', 'text')
    expect(open(keys, 'a', value)?.trimEnd()).toBe('text')
    expect(open(keys, 'b', value)).toBeUndefined()
  })

  it('is not read with another secret, or for another purpose', () => {
    const value = seal(keys, 'a', 'text')
    expect(open(others, 'a', value)).toBeUndefined()
    expect(open(deriveKeys(Buffer.from(SECRET), 'tokens'), 'a', value)).toBeUndefined()
  })

  it('is not read if any byte is changed, removed or added', () => {
    const bytes = Buffer.from(seal(keys, 'a', 'text'), 'base64url')
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= 1
      expect(open(keys, 'a', changed.toString('base64url'))).toBeUndefined()
      expect(open(keys, 'a', bytes.subarray(0, index).toString('base64url'))).toBeUndefined()
    }
    expect(open(keys, 'a', Buffer.concat([bytes, Buffer.of(0)]).toString('base64url'))).toBeUndefined()
  })

  it('is neither stored nor decoded if it has more than a million characters', async () => {
    const long = 'a'.repeat(1_000_000)
    expect(open(keys, 'a', seal(keys, 'a', long))).toBeUndefined()
    const store = memoryStore()
    const sealed = new SealedStore(
      { store, secret: { all: [Buffer.from(SECRET)] }, prefix: 'p', deadline: 5, maxWait: 0 },
      'answers',
    )
    await sealed.write(['a'], long, 1000, () => undefined)
    expect(store.operations).toEqual([])
  })

  it('has a length that says little about its content, and differs each time', () => {
    const values = ['', 'a', 'a'.repeat(250), 'a'.repeat(250)].map((text) => seal(keys, 'a', `x${text}`))
    expect(new Set(values.map(({ length }) => length)).size).toBe(1)
    expect(new Set(values).size).toBe(4)
  })
})

it('a name depends on the secret and on every part', () => {
  const names = [
    digestOf(keys, ['a', 'b']),
    digestOf(others, ['a', 'b']),
    digestOf(keys, ['ab']),
    digestOf(keys, ['a', 'b', '']),
    digestOf(keys, ['a"', 'b']),
  ]
  expect(new Set(names).size).toBe(5)
})

it.each<[string, unknown, RegExp]>([
  ['absent', undefined, /^sharedAnswers\.secret: is required/],
  ['too short', 'x'.repeat(31), /^sharedAnswers\.secret: has 31 bytes, and at least 32 are required/],
  ['too few bytes', Buffer.alloc(31), /^sharedAnswers\.secret: has 31 bytes/],
  ['a number', 7, /^sharedAnswers\.secret: must be a string or bytes/],
  ['a function', () => SECRET, /^sharedAnswers\.secret: must be a string or bytes/],
  ['an empty list', [], /^sharedAnswers\.secret: must not be an empty list/],
  ['a list with one that is too short', [SECRET, 'short'], /^sharedAnswers\.secret\[1\]: has 5 bytes/],
  [
    'a string that ends with a line break',
    `${SECRET}\n`,
    /^sharedAnswers\.secret: must not begin or end with white space/,
  ],
])('a secret that is %s is a ConfigurationError that does not quote it', (_, secret, message) => {
  const create = (): unknown => sharedAnswers({ store: memoryStore(), secret: secret as StoreSecret })
  expect(create).toThrow(ConfigurationError)
  expect(create).toThrow(message)
})

it.each([
  ['store', { get: () => undefined }],
  ['prefix', 'a{b}'],
  ['deadline', '0ms'],
  ['maxWait', '1h'],
])('an invalid %s is a ConfigurationError that names it', (name, value) => {
  expect(() => sharedAnswers({ store: memoryStore(), secret: SECRET, [name]: value })).toThrow(
    new RegExp(`^sharedAnswers\\.${name}: `),
  )
})
