import { describe, expect, it } from 'vitest'
import { oauth } from '../../../src/index.js'
import { attackBed, AUDIENCE, MARK, sharedAttackBed } from '../../support/tokens/attack.js'

const held = sharedAttackBed()
const strict = sharedAttackBed({ oauth: { requireAccessTokenType: true } })

describe('F83 to F88: other kinds of token by their claims', () => {
  it.each<[string, object, string]>([
    ['F83: an ID token, for the client', { aud: 'billing', nonce: 'n' }, 'type_not_allowed'],
    ['F83: an ID token, for us', { at_hash: 'h' }, 'type_not_allowed'],
    ['F83: token_use id', { token_use: 'id' }, 'type_not_allowed'],
    ['F83: payload typ ID', { typ: 'ID' }, 'type_not_allowed'],
    ['F84: a client assertion', { iss: 'billing', aud: 'https://issuer.test/token' }, 'issuer_unknown'],
    [
      'F85: an introspection response for this API',
      { token_introspection: { active: true } },
      'type_not_allowed',
    ],
    ['F86: a security event', { events: {} }, 'type_not_allowed'],
    ['F88: bound to a DPoP key', { cnf: { jkt: 'x' } }, 'proof_missing'],
    ['F88: bound to a certificate', { cnf: { 'x5t#S256': 'x' } }, 'proof_missing'],
    ['F88: bound in an unknown way', { cnf: { new: 'x' } }, 'proof_missing'],
    ['F88: cnf empty', { cnf: {} }, 'proof_missing'],
    ['F88: cnf null', { cnf: null }, 'proof_missing'],
    ['F88: cnf false', { cnf: false }, 'proof_missing'],
  ])('%s', async (_, claims, expected) => {
    expect(await held.bed.outcome(held.bed.token(claims))).toBe(expected)
  })
})

describe('F90: claims with the names of what objects inherit', () => {
  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'then', 'toJSON', 'valueOf'])(
    '%s is a claim like any other',
    async (name) => {
      const { bed } = held
      const text = JSON.stringify({ ...bed.claims, scope: 'a' })
      const value = '{"polluted":true,"scope":"admin","prototype":{"polluted":true}}'
      const token = bed.raw(bed.header, `${text.slice(0, -1)},${JSON.stringify(name)}:${value}}`)
      expect(await bed.outcome(token)).toBe('accepted')
      expect(await bed.outcome(token, { scopes: 'admin' })).toBe('scope_insufficient')
      const known = await bed.verifier.verify(token)
      expect(Object.hasOwn(known.claims, name)).toBe(true)
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )
})

describe('F95 to F98: who it is about', () => {
  it.each<[string, object, string]>([
    ['F95: sub a number', { sub: 7 }, 'claim_invalid'],
    ['F95: sub a list', { sub: ['billing'] }, 'claim_invalid'],
    ['F95: sub an object', { sub: {} }, 'claim_invalid'],
    ['F95: sub null', { sub: null }, 'accepted'],
    ['F95: sub empty', { sub: '' }, 'claim_invalid'],
    ['F95: neither sub nor client', { sub: undefined, client_id: undefined }, 'claim_missing'],
    ['F97: client_id a list', { client_id: ['billing'] }, 'claim_invalid'],
    ['F97: client_id empty', { client_id: '' }, 'claim_invalid'],
    ['F98: jti a number', { jti: 7 }, 'claim_invalid'],
    ['F98: jti an object', { jti: {} }, 'claim_invalid'],
    ['F96: sub with a line break', { sub: 'x\r\nSet-Cookie: y' }, 'accepted'],
    ['F96: sub with markup', { sub: '<script>' }, 'accepted'],
    ['F96: sub of 5,000 letters', { sub: 'x'.repeat(5000) }, 'accepted'],
  ])('%s', async (_, claims, expected) => {
    expect(await held.bed.outcome(held.bed.token(claims))).toBe(expected)
  })

  it('F96: a hostile sub in a refusal by policy is not in the response', async () => {
    const { bed } = held
    const token = bed.token({ sub: `x\r\n"${MARK}"` })
    const decision = await bed.verifier.authorize(
      { headers: { authorization: `Bearer ${token}` } },
      { clients: 'nobody' },
    )
    if (decision.outcome === 'accepted') throw new Error('accepted')
    expect(JSON.stringify([decision.refusal, decision.refusal.headers])).not.toContain(MARK)
  })

  it.each<[string, object, string]>([
    ['F97: azp and client_id disagree', { azp: 'shop' }, 'claim_invalid'],
    ['F97: no client_id', { client_id: undefined }, 'claim_missing'],
    ['F98: no jti', { jti: undefined }, 'claim_missing'],
    ['no sub', { sub: undefined }, 'claim_missing'],
    ['no iat', { iat: undefined }, 'claim_missing'],
    ['a claim that is null', { jti: null }, 'claim_missing'],
    ['nothing missing', {}, 'accepted'],
  ])('under the profile of RFC 9068, %s', async (_, claims, expected) => {
    expect(await strict.bed.outcome(strict.bed.token(claims))).toBe(expected)
  })
})

describe('F99 to F101: the audience is compared as a string', () => {
  it.each<[string, unknown, string]>([
    ['missing', undefined, 'audience_mismatch'],
    ['another', 'https://other.test', 'audience_mismatch'],
    ['empty', '', 'audience_mismatch'],
    ['an empty list', [], 'audience_mismatch'],
    ['a slash more', `${AUDIENCE}/`, 'audience_mismatch'],
    ['the beginning of it', AUDIENCE.slice(0, -1), 'audience_mismatch'],
    ['in upper case', AUDIENCE.toUpperCase(), 'audience_mismatch'],
    ['a star', '*', 'audience_mismatch'],
    ['ours and another in one string', `${AUDIENCE} x`, 'audience_mismatch'],
    ['ours and another with a comma', `${AUDIENCE},x`, 'audience_mismatch'],
    ['a Cyrillic letter', AUDIENCE.replace('a', 'а'), 'audience_mismatch'],
    ['null', null, 'audience_mismatch'],
    ['a number', 7, 'claim_invalid'],
    ['true', true, 'claim_invalid'],
    ['an object', { [AUDIENCE]: true }, 'claim_invalid'],
    ['like a list', { 0: AUDIENCE, length: 1 }, 'claim_invalid'],
    ['a nested list', [[AUDIENCE]], 'claim_invalid'],
    ['a list with an object', [AUDIENCE, {}], 'claim_invalid'],
    ['a list with null', [AUDIENCE, null], 'claim_invalid'],
    ['ours among others', ['x', AUDIENCE, 'y'], 'accepted'],
    ['ours twice', [AUDIENCE, AUDIENCE], 'accepted'],
  ])('%s', async (_, aud, expected) => {
    expect(await held.bed.outcome(held.bed.token({ aud }))).toBe(expected)
  })

  it('F103: a string for slow patterns gets the same decision', async () => {
    const slow = `${'a'.repeat(3000)}!`
    expect(await held.bed.outcome(held.bed.token({ aud: slow }))).toBe('audience_mismatch')
    const wild = held.bed.token({ scope: slow })
    expect(await held.bed.outcome(wild, { scopes: 'a' })).toBe('scope_insufficient')
  })
})

describe('H121 to H128: scopes are words, compared as strings', () => {
  it.each<[string, unknown, string]>([
    ['H121: missing', undefined, 'scope_insufficient'],
    ['H121: empty', '', 'scope_insufficient'],
    ['H121: a prefix', 'orders', 'scope_insufficient'],
    ['H121: longer', 'orders:reader', 'scope_insufficient'],
    ['H121: another case', 'Orders:Read', 'scope_insufficient'],
    ['H122: .*', '.*', 'scope_insufficient'],
    ['H122: *', '*', 'scope_insufficient'],
    ['H122: orders:*', 'orders:*', 'scope_insufficient'],
    ['H122: a dot for the colon', 'orders.read', 'scope_insufficient'],
    ['H124: with a comma', 'orders:read,x', 'scope_insufficient'],
    ['H124: with a plus', 'x+orders:read', 'scope_insufficient'],
    ['H124: with a tab', 'x\torders:read', 'scope_insufficient'],
    ['H124: with a line break', 'x\norders:read', 'scope_insufficient'],
    ['H124: with a no-break space', 'x\u00a0orders:read', 'scope_insufficient'],
    ['H125: a zero-width space', 'orders:\u200bread', 'scope_insufficient'],
    ['H125: a Cyrillic letter', 'оrders:read', 'scope_insufficient'],
    ['H125: full width', 'ｏrders:read', 'scope_insufficient'],
    ['H125: percent-coded', 'orders%3Aread', 'scope_insufficient'],
    ['H125: in quotes', '"orders:read"', 'scope_insufficient'],
    ['H126: a list item with two words', ['orders:read x'], 'scope_insufficient'],
    ['H126: null', null, 'scope_insufficient'],
    ['H126: a number', 7, 'claim_invalid'],
    ['H126: true', true, 'claim_invalid'],
    ['H126: an object', { 'orders:read': true }, 'claim_invalid'],
    ['H126: like a list', { 0: 'orders:read', length: 1 }, 'claim_invalid'],
    ['H126: a nested list', [['orders:read']], 'claim_invalid'],
    ['H126: a list with an object', ['orders:read', {}], 'claim_invalid'],
    ['H127: a list', ['orders:read'], 'accepted'],
    ['H128: the names of what objects inherit', '__proto__ constructor', 'scope_insufficient'],
    ['among others', 'x  orders:read y', 'accepted'],
  ])('%s', async (_, scope, expected) => {
    expect(await held.bed.outcome(held.bed.token({ scope }), { scopes: 'orders:read' })).toBe(expected)
  })

  it.each(['permissions', 'roles', 'scopes', 'authorities'])(
    'H127: %s grants nothing unless configured',
    async (name) => {
      const claims = { scope: undefined, [name]: ['orders:read'] }
      const token = held.bed.token(claims)
      expect(await held.bed.outcome(token, { scopes: 'orders:read' })).toBe('scope_insufficient')
      const other = await attackBed({ oauth: { scopeClaims: [name] } })
      expect(await other.outcome(other.token(claims), { scopes: 'orders:read' })).toBe('accepted')
    },
  )

  it('H123: a required scope with pattern characters is compared as a string', async () => {
    const { bed } = held
    const demanded = { scopes: 'a.b+c(d)' }
    expect(await bed.outcome(bed.token({ scope: 'axb+c(d) abbcd' }), demanded)).toBe('scope_insufficient')
    expect(await bed.outcome(bed.token({ scope: 'a.b+c(d)' }), demanded)).toBe('accepted')
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error(MARK)
      },
    ],
    ['returns a promise', () => Promise.resolve(true)],
    ['returns 1', () => 1],
    ['returns a string', () => 'yes'],
  ])('H132: a custom matcher that %s grants nothing', async (_, matcher) => {
    const scopeMatching = matcher as () => boolean
    const other = await attackBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, scopeMatching }))],
    })
    expect(await other.outcome(other.token(), { scopes: 'x' })).toBe('scope_insufficient')
  })

  it('H139: a handler cannot change what the next request sees', async () => {
    const { bed } = held
    const token = bed.token({ list: [{ deep: 'x' }] })
    const known = await bed.verifier.verify(token)
    const list = known.claims['list'] as { deep: string }[]
    expect(() => (known.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(() => list.pop()).toThrow(TypeError)
    expect(() => {
      list[0]!.deep = 'y'
    }).toThrow(TypeError)
    expect(() => {
      ;(known as { subject: string }).subject = 'y'
    }).toThrow(TypeError)
    expect(await bed.verifier.verify(token)).toEqual(known)
  })
})
