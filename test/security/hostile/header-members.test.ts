import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encode, keyOf, seal } from '../../support/tokens/forge.js'
import { sharedAttackBed } from '../../support/tokens/attack.js'

const attacker = keyOf('RS256', 'attacker')
const held = sharedAttackBed()

describe('E61 to E64: no key and no address is taken from a token', () => {
  let trap: Server
  let visits = 0
  let address = ''
  beforeAll(async () => {
    trap = createServer((_, response) => {
      visits += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ issuer: address, jwks_uri: `${address}/jwks`, keys: [attacker.jwk] }))
    })
    await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
    address = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => trap.close(resolve)))

  const der = attacker.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  it.each<[string, () => object, string]>([
    ['E61: jwk', () => ({ jwk: attacker.jwk }), 'key_unknown'],
    ['E61: jwk and a foreign kid', () => ({ jwk: attacker.jwk, kid: attacker.kid }), 'key_unknown'],
    ['E61: jwk and a real kid', () => ({ jwk: attacker.jwk, kid: keyOf('RS256').kid }), 'signature_invalid'],
    ['E61: jwk that is a shared key', () => ({ jwk: { kty: 'oct', k: 'AAAA' } }), 'key_unknown'],
    ['E62: jku', () => ({ jku: `${address}/jwks`, kid: attacker.kid }), 'key_unknown'],
    [
      'E62: jku at the address of the cloud’s metadata',
      () => ({ jku: 'http://169.254.169.254/' }),
      'key_unknown',
    ],
    ['E63: x5u', () => ({ x5u: `${address}/cert` }), 'key_unknown'],
    ['E63: x5c', () => ({ x5c: [der], x5t: 'AAAA' }), 'key_unknown'],
    ['E62: a kid that is an address', () => ({ kid: `${address}/jwks` }), 'key_unknown'],
  ])('%s', async (_, members, expected) => {
    const { bed } = held
    const header = { alg: 'RS256', typ: 'at+jwt', kid: 'unknown', ...members() }
    expect(await bed.outcome(seal(attacker, header, bed.claims))).toBe(expected)
    expect(visits).toBe(0)
    // One fetch of the configured key set for all the unknown ids of this time.
    expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(1)
    expect(bed.issuer.calls.discovery).toBe(0)
  })

  it('E64: an iss that is the URL of an issuer that is not configured is not called', async () => {
    const { bed } = held
    const bait = seal(attacker, { alg: 'RS256', kid: attacker.kid }, { ...bed.claims, iss: address })
    expect(await bed.outcome(bait)).toBe('issuer_unknown')
    expect(visits).toBe(0)
  })
})

describe('E65, E66, F91 to F93: iss is compared as a string', () => {
  const port = (url: string): string => new URL(url).port
  it.each<[string, (url: string) => unknown]>([
    ['missing', () => undefined],
    ['null', () => null],
    ['a number', () => 7],
    ['an object', (url) => ({ [url]: true })],
    ['a list of the right one', (url) => [url]],
    ['a list of the right one and another', (url) => [url, 'https://evil.test']],
    ['empty', () => ''],
    ['a slash more', (url) => `${url}/`],
    ['upper case', (url) => url.toUpperCase()],
    ['another scheme', (url) => url.replace('http:', 'https:')],
    ['a user name', (url) => url.replace('//', '//x@')],
    ['a longer host', (url) => `${url}.evil.test`],
    ['a query', (url) => `${url}?x`],
    ['a fragment', (url) => `${url}#x`],
    ['a NUL', (url) => `${url}\0`],
    ['a space', (url) => ` ${url}`],
    ['percent-coding', (url) => url.replace('127', '%3127')],
    ['localhost', (url) => `http://localhost:${port(url)}`],
    ['another form of the address', (url) => `http://127.1:${port(url)}`],
    ['dots in the path', (url) => `${url}/x/..`],
    ['a Cyrillic letter', () => 'https://аuth.example.com'],
    ['__proto__', () => '__proto__'],
    ['constructor', () => 'constructor'],
    ['hasOwnProperty', () => 'hasOwnProperty'],
  ])('iss is %s: unknown, without a call', async (_, write) => {
    const { bed } = held
    const before = bed.issuer.calls.total
    expect(await bed.outcome(bed.token({ iss: write(bed.issuer.url) }))).toBe('issuer_unknown')
    expect(bed.issuer.calls.total).toBe(before)
  })
})

describe('E68 to E70: a kid is looked up and nothing else', () => {
  const other = sharedAttackBed()
  it.each<[string, unknown, string]>([
    ['a path', '../../../../etc/passwd', 'key_unknown'],
    ['SQL', `' OR 1=1 --`, 'key_unknown'],
    ['a shell command', '$(reboot)`reboot`', 'key_unknown'],
    ['an address', 'file:///etc/passwd', 'key_unknown'],
    ['__proto__', '__proto__', 'key_unknown'],
    ['constructor', 'constructor', 'key_unknown'],
    ['length', 'length', 'key_unknown'],
    ['0', '0', 'key_unknown'],
    ['empty', '', 'key_unknown'],
    ['a NUL', 'ES256-key\0', 'key_unknown'],
    ['another case', 'es256-KEY', 'key_unknown'],
    ['a bidirectional mark', '\u202eyek-652SE', 'key_unknown'],
    ['terminal escapes', '\u001b[2J', 'key_unknown'],
    ['a lone surrogate', '\ud800', 'key_unknown'],
    ['4 KB', 'k'.repeat(4096), 'key_unknown'],
    ['a forged line of a log', 'x\r\n{"level":"info","msg":"a forged line"}', 'key_unknown'],
    ['a number', 1, 'token_undecodable'],
    ['null', null, 'token_undecodable'],
    ['true', true, 'token_undecodable'],
    ['a list', ['ES256-key'], 'token_undecodable'],
    ['an object', { toString: 'ES256-key' }, 'token_undecodable'],
  ])('%s', async (_, kid, expected) => {
    const { bed } = other
    expect(await bed.outcome(bed.token({}, { kid }))).toBe(expected)
    expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(1)
    const { detail, ...said } = bed.events.at(-1)!
    // A detail quotes the key id, for operators: in visible ASCII, and cut with an ellipsis.
    expect(detail).toMatch(/^kid is [\x20-\x7e…]{1,480}$/u)
    if (typeof kid === 'string' && kid.length > 8) expect(JSON.stringify(said)).not.toContain(kid.slice(0, 9))
  })
})

describe('E71 to E75, E79: extensions of the header', () => {
  it.each<[string, object, string]>([
    ['E71: crit with an unknown name', { crit: ['x'], x: 1 }, 'critical_header'],
    ['E71: crit with a registered name', { crit: ['alg'] }, 'critical_header'],
    ['E71: crit with an absent member', { crit: ['absent'] }, 'critical_header'],
    ['E71: crit with a name twice', { crit: ['exp', 'exp'], exp: 1 }, 'critical_header'],
    ['E71: crit with __proto__', { crit: ['__proto__'] }, 'critical_header'],
    ['E71: crit with an empty name', { crit: [''] }, 'critical_header'],
    ['E72: crit empty', { crit: [] }, 'critical_header'],
    ['E72: crit is a string', { crit: 'exp' }, 'critical_header'],
    ['E72: crit a number', { crit: 1 }, 'critical_header'],
    ['E72: crit an object', { crit: {} }, 'critical_header'],
    ['E72: crit null', { crit: null }, 'critical_header'],
    ['E72: crit false', { crit: false }, 'critical_header'],
    ['E72: crit a nested list', { crit: [['exp']] }, 'critical_header'],
    ['E73: b64 false, critical', { crit: ['b64'], b64: false }, 'critical_header'],
    ['E74: b64 false, not critical', { b64: false }, 'critical_header'],
    ['E74: b64 true', { b64: true }, 'critical_header'],
    ['E75: cnf in the header, critical', { crit: ['cnf'], cnf: {} }, 'critical_header'],
    ['E79: zip', { zip: 'DEF' }, 'critical_header'],
    ['E79: cty JWT', { cty: 'JWT' }, 'type_not_allowed'],
    ['E79: cty application/jwt', { cty: 'application/jwt' }, 'type_not_allowed'],
    ['enc beside alg', { enc: 'A256GCM' }, 'accepted'],
    ['a member of no meaning', { x: { deep: [1] } }, 'accepted'],
  ])('%s', async (_, members, expected) => {
    expect(await held.bed.outcome(held.bed.token({}, members))).toBe(expected)
  })

  it('E73: a payload that is not encoded', async () => {
    const { bed } = held
    const header = encode({ alg: 'ES256', kid: bed.key.kid, b64: false, crit: ['b64'] })
    const [, , signature] = bed.token().split('.')
    expect(await bed.outcome(`${header}.{"iss":"x"}.${signature}`)).toBe('token_malformed')
  })

  it.each(['crit', 'b64', 'zip'])('E82: %s that stands only inside __proto__ is not there', async (name) => {
    const { bed } = held
    const text = JSON.stringify(bed.header)
    const polluted = `${text.slice(0, -1)},"__proto__":{"${name}":true,"polluted":1}}`
    expect(await bed.outcome(bed.raw(polluted, bed.claims))).toBe('accepted')
  })
})

describe('E76 to E78: other kinds of token by their typ', () => {
  it.each<[string, unknown, string]>([
    ['an access token', 'at+jwt', 'accepted'],
    ['an access token in capitals', 'AT+JWT', 'accepted'],
    ['an access token with its whole name', 'application/at+jwt', 'accepted'],
    ['a JWT', 'JWT', 'accepted'],
    ['absent', undefined, 'accepted'],
    ...[
      'dpop+jwt',
      'logout+jwt',
      'secevent+jwt',
      'token-introspection+jwt',
      'oauth-authz-req+jwt',
      'client-authentication+jwt',
      'entity-statement+jwt',
      'kb+jwt',
      'id_token+jwt',
      'jwt+at',
      'at+jwt\0',
      ' at+jwt',
      'application/application/at+jwt',
      'text/at+jwt',
      'at+jwt; charset=utf-8',
      '',
    ].map((typ): [string, unknown, string] => [JSON.stringify(typ), typ, 'type_not_allowed']),
    ['a number', 1, 'type_not_allowed'],
    ['null', null, 'type_not_allowed'],
    ['a list', ['at+jwt'], 'type_not_allowed'],
    ['an object', { toString: 'at+jwt' }, 'type_not_allowed'],
  ])('typ %s', async (_, typ, expected) => {
    expect(await held.bed.outcome(held.bed.token({}, { typ }))).toBe(expected)
  })
})
