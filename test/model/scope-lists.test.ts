import { describe, expect, it } from 'vitest'
import { sharedScopes } from '../../src/model/scope-lists.js'

describe('sharedScopes', () => {
  it('returns the same frozen list for equal scopes', () => {
    const list = sharedScopes(['orders:read', 'orders:write'])
    expect(list).toEqual(['orders:read', 'orders:write'])
    expect(Object.isFrozen(list)).toBe(true)
    expect(sharedScopes(['orders:read', 'orders:write'])).toBe(list)
  })

  it('never returns the list that was passed, which the issuer may change later', () => {
    const given = ['invoices:read']
    expect(sharedScopes(given)).not.toBe(given)
    expect(sharedScopes(given)).not.toBe(given)
  })

  it.each([
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [['a b'], ['a', 'b']],
    [
      ['a', 'b c'],
      ['a b', 'c'],
    ],
    [[], ['']],
    [
      ['a', ''],
      ['', 'a'],
    ],
  ])('does not confuse %j with %j', (first, second) => {
    expect([sharedScopes(first), sharedScopes(second), sharedScopes(first)]).toEqual([first, second, first])
  })

  it('copies long lists, so that tokens cannot fill the memory', () => {
    const long = Array.from({ length: 200 }, (_, index) => `scope:${String(index)}`)
    const list = sharedScopes(long)
    expect(list).toEqual(long)
    expect(sharedScopes(long)).not.toBe(list)
  })

  it('drops shared lists when there are too many', () => {
    const first = sharedScopes(['first'])
    for (let index = 0; index < 1000; index += 1) sharedScopes([`other:${String(index)}`])
    expect(sharedScopes(['first'])).toEqual(['first'])
    expect(sharedScopes(['first'])).not.toBe(first)
  })
})
