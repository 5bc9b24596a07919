import { describe, expect, it } from 'vitest'
import { candidatesOf, parseHosts, parseResolver } from '../../../src/http/lookup/resolver-files.js'

describe('a hosts file', () => {
  it('names hosts and their aliases, in lower case, without comments', () => {
    const text =
      '127.0.0.1 localhost\n# 10.0.0.1 old.test\n10.0.0.2\tAuth.test auth # in.comment\n\n::1 ip6-localhost\r\n'
    expect([...parseHosts(text)]).toEqual(['localhost', 'auth.test', 'auth', 'ip6-localhost'])
  })

  it('may be empty', () => {
    expect(parseHosts('').size).toBe(0)
  })
})

describe('resolv.conf', () => {
  it.each([
    ['nothing', '', { search: [], dots: 1 }],
    [
      'a search list',
      'nameserver 10.0.0.1\nsearch a.test b.test.\n',
      { search: ['a.test', 'b.test'], dots: 1 },
    ],
    ['a domain', 'domain a.test', { search: ['a.test'], dots: 1 }],
    [
      'several lists, of which the last counts',
      'search a.test\nsearch b.test',
      { search: ['b.test'], dots: 1 },
    ],
    ['ndots among other options', 'options timeout:1 ndots:5 rotate', { search: [], dots: 5 }],
    ['the root as search list', 'search .', { search: [], dots: 1 }],
  ])('with %s', (_, text, expected) => {
    expect(parseResolver(text)).toEqual(expected)
  })
})

describe('the names that the operating system queries', () => {
  const cluster = { search: ['ns.svc.cluster.local', 'cluster.local'], dots: 5 }
  it.each([
    [
      'a name with enough dots, first as it is',
      'a.b',
      { search: ['x.test'], dots: 1 },
      ['a.b', 'a.b.x.test'],
    ],
    ['a short name, first completed', 'a', { search: ['x.test'], dots: 1 }, ['a.x.test', 'a']],
    ['a name that ends in a dot, only as it is', 'a.', cluster, ['a.']],
    [
      'a name in a cluster',
      'auth.example.com',
      cluster,
      ['auth.example.com.ns.svc.cluster.local', 'auth.example.com.cluster.local', 'auth.example.com'],
    ],
  ])('for %s', (_, host, settings, expected) => {
    expect(candidatesOf(host, settings)).toEqual(expected)
  })
})
