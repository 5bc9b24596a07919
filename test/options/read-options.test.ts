import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/index.js'
import { duration } from '../../src/options/duration.js'
import { nested, readOptions } from '../../src/options/read-options.js'
import {
  mapped,
  nullable,
  optional,
  optionals,
  restricting,
  withDefault,
  type Table,
} from '../../src/options/reader.js'
import {
  boolean,
  func,
  integer,
  listOf,
  nonEmptyString,
  number,
  oneOf,
  record,
  string,
  stringList,
  unchecked,
} from '../../src/options/readers.js'
import { secureUrl, urlWithoutQuery } from '../../src/options/url.js'

/** A list of which the second item was deleted. */
function withHole<T>(item: T): readonly T[] {
  const list = [item, item]
  Reflect.deleteProperty(list, 1)
  return list
}

const read = <T extends Table>(input: unknown, table: T) => readOptions('make', input, table)

/** Message of the error, which starts with the name of the option. */
function problem(input: unknown, table: Table): string {
  try {
    return JSON.stringify(read(input, table))
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    expect(error.message.startsWith(`${error.option}: `)).toBe(true)
    return error.message
  }
}

describe('readOptions', () => {
  const table = {
    name: nonEmptyString,
    size: integer({ min: 1, max: 9, default: 3 }),
    fetch: optional(func()),
  }

  it('returns every option of the table, with defaults', () => {
    expect(Object.entries(read({ name: 'a' }, table))).toEqual([
      ['name', 'a'],
      ['size', 3],
      ['fetch', undefined],
    ])
  })

  it.each([
    [
      'an unknown option',
      { name: 'a', siez: 4 },
      'make.siez: unknown option; the options are name, size, fetch',
    ],
    ['a required option that is absent', {}, 'make.name: is required and must be a non-empty string'],
    ['a blank string', { name: ' ' }, 'make.name: must be a non-empty string'],
    [
      'a value that is not an object',
      'x',
      'make: must be a plain options object, not a promise or class instance',
    ],
    [
      'a promise',
      Promise.resolve({}),
      'make: must be a plain options object, not a promise or class instance',
    ],
    [
      'undefined in place of an option',
      { name: undefined },
      'make.name: is required and must be a non-empty string',
    ],
  ])('names %s', (_, input, message) => {
    expect(problem(input, table)).toBe(message)
  })

  it('ignores inherited properties, and calls no inherited setters', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    const seen: unknown[] = []
    Object.defineProperty(prototype, 'size', { value: 7, configurable: true })
    Object.defineProperty(prototype, 'name', { set: (value) => void seen.push(value), configurable: true })
    try {
      expect({ ...read({ ['name']: 'a' }, table) }).toMatchObject({ name: 'a', size: 3 })
      expect(seen).toEqual([])
    } finally {
      delete prototype['size']
      delete prototype['name']
    }
  })

  it('refuses an option that is named by a symbol, enumerable or not', () => {
    const name = Symbol('size')
    expect(problem({ name: 'a', [name]: 1 }, table)).toBe(
      'make.Symbol(size): unknown option; the options are name, size, fetch',
    )
    expect(problem(Object.defineProperty({ name: 'a' }, name, { value: 1 }), table)).toMatch(/unknown option/)
  })

  it('refuses options that are inherited from an object with an isPrototypeOf of its own', () => {
    const base = Object.assign(Object.create(null) as object, { name: 'a', isPrototypeOf: () => true })
    const forged = Object.assign(Object.create(null) as object, {
      size: 1,
      isPrototypeOf: 1,
      constructor: Object,
    })
    for (const prototype of [base, forged])
      expect(problem(Object.assign(Object.create(prototype) as object, { name: 'a' }), table)).toMatch(
        /^make: must be a plain options object/,
      )
  })

  it('accepts an object of another realm', () => {
    expect(read(runInNewContext('({ name: "a" })'), table)).toMatchObject({ name: 'a' })
  })

  it('names options with another prefix', () => {
    expect(() => readOptions('make', {}, table, '')).toThrow(/^name: /)
    expect(() => readOptions('make', { x: 1 }, table, '')).toThrow(/^make\.x: /)
  })

  it('treats undefined as absent, except for restricting options', () => {
    const lists = { open: optional(stringList), closed: restricting(optional(stringList)) }
    expect(read({ open: undefined }, lists)).toEqual({ open: undefined, closed: undefined })
    expect(problem({ closed: undefined }, lists)).toBe('make.closed: is undefined; leave it out instead')
  })

  it('reads nested tables, whose defaults apply if they are absent', () => {
    const tables = { keys: nested('keys', { size: integer({ min: 1, max: 9, default: 3 }) }) }
    expect(read({}, tables)).toEqual({ keys: { size: 3 } })
    expect(problem({ keys: { size: 0 } }, tables)).toBe('make.keys.size: must be an integer from 1 to 9')
    expect(problem({ keys: null }, tables)).toMatch(/^make\.keys: must be a plain options object/)
  })

  it('accepts a duration only if it is at least another one', () => {
    const times = {
      life: duration({ min: '1s', default: '10s' }),
      stale: duration({ atLeast: 'life', default: '1m' }),
    }
    expect(read({}, times)).toEqual({ life: 10, stale: 60 })
    expect(read({ life: '1h' }, times)).toEqual({ life: 3600, stale: 3600 })
    expect(problem({ life: '1h', stale: '59m' }, times)).toMatch(/^make\.stale: .*from 3600 to/)
  })
})

describe('readers', () => {
  it.each<[string, unknown, Table[string], unknown]>([
    ['boolean', undefined, boolean({ default: true }), true],
    ['number', 0.5, number({ min: 0.1, max: 0.9 }), 0.5],
    ['oneOf', undefined, oneOf(['a', 'b'], 'b'), 'b'],
    ['stringList', 'a', stringList, ['a']],
    ['listOf', [1, 2], listOf(integer({ min: 0, max: 9 })), [1, 2]],
    ['record', { a: 1 }, record, { a: 1 }],
    ['unchecked', undefined, unchecked('anything', 5), 5],
    ['nullable', null, nullable(nonEmptyString), null],
    ['withDefault', undefined, withDefault(nonEmptyString, 'x'), 'x'],
    ['mapped', 'a', mapped(string(), (value) => value.length), 1],
    ['secureUrl', 'http://127.0.0.1:1/?a', secureUrl, 'http://127.0.0.1:1/?a'],
    ['optionals', undefined, optionals({ x: nonEmptyString }).x, undefined],
  ])('%s reads %j', (_, value, reader, expected) => {
    expect(reader.read('x', value)).toEqual(expected)
  })

  it.each<[string, unknown, Table[string], string]>([
    ['boolean', 'true', boolean(), 'must be true or false'],
    ['integer', 1.5, integer({ min: 1, max: 9 }), 'must be an integer from 1 to 9'],
    ['integer', '5', integer({ min: 1, max: 9 }), 'must be an integer from 1 to 9'],
    ['number', Number.NaN, number({ min: 0.1, max: 0.9 }), 'must be a number from 0.1 to 0.9'],
    ['oneOf', 'c', oneOf(['a', 'b']), "must be 'a' or 'b'"],
    ['oneOf', undefined, oneOf(['a', 'b']), "is required and must be 'a' or 'b'"],
    ['func', {}, func(), 'must be a function'],
    ['stringList', [], stringList, 'must not be an empty list'],
    ['stringList', new Array(1), stringList, 'must be a non-empty string'],
    ['stringList', withHole('a'), stringList, 'must be a non-empty string'],
    ['listOf', ['a', ''], listOf(nonEmptyString), 'must be a non-empty string'],
    ['listOf', withHole('a'), listOf(nonEmptyString), 'x[1]: is required and must be a non-empty string'],
    ['record', [], record, 'must be an object'],
    ['string', 5, string(), 'must be a string'],
    ['secureUrl', 'https://u:p@a.test', secureUrl, 'must not contain a user name or password'],
    ['secureUrl', 'https://*.a.test/b', secureUrl, 'must not contain a wildcard. Write the whole host name'],
    ['urlWithoutQuery', 'https://a.test/?b', urlWithoutQuery, 'must not have a query'],
    ['nullable', undefined, nullable(nonEmptyString), 'is required and must be a non-empty string'],
  ])('%s refuses %j', (_, value, reader, message) => {
    expect(() => reader.read('x', value)).toThrow(message)
  })
})
