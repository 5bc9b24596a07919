import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathOf } from '../../src/telemetry/request-path.js'

const path = (url: string): string | undefined => pathOf({ headers: {}, url })

describe('the path of a request with an absolute URL', () => {
  it('is the path of the URL, for every URL that can be parsed', () => {
    const part = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%',
      'a',
      'B',
      '7',
      '-',
      '_',
      ':',
      '@',
      '\\',
      ' ',
      'ä',
      ';',
      '?',
      '#',
    )
    const host = fc.constantFrom(
      'api.internal',
      'LOCALHOST',
      '10.0.0.1',
      '[::1]',
      'a_b',
      'user:secret@api',
      '',
      '0x7f.1',
    )
    const port = fc.constantFrom('', ':80', ':8080', ':', ':65536', ':443x')
    const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'ftp://', 'http:/')
    const urls = fc
      .tuple(scheme, host, port, fc.array(part, { maxLength: 8 }))
      .map(([start, name, number, parts]) => `${start}${name}${number}${parts.join('')}`)
      .filter((url) => URL.canParse(url))
    fc.assert(
      fc.property(urls, (url) => {
        expect(path(url)).toBe(new URL(url).pathname)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['http://user:secret@api:bad/orders', 'http://api:bad/orders'],
    ['https://api.internal/orders?token=secret', '/orders'],
    ['https://api.internal/orders#token', '/orders'],
  ])('contains neither user information nor a query: %s', (url, expected) => {
    expect(path(url)).toBe(expected)
  })
})
