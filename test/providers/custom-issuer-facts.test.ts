import { describe, expect, it } from 'vitest'
import type { Decision, TokenFacts } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'
import { own, signing } from './custom-issuers.js'

/** Facts that custom functions in JavaScript may return. Each would let a request through if it were accepted. */
const WRONG_FACTS: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ['an expiry as a string', { expiresAt: '1' }, 'expiresAt must be a number of seconds or undefined'],
  ['an expiry that is not a number', { expiresAt: Number.NaN }, 'expiresAt must be a number of seconds'],
  ['an expiry of null', { expiresAt: null }, 'expiresAt must be'],
  ['a time of issue as a date', { issuedAt: new Date() }, 'issuedAt must be'],
  ['a notBefore as a string', { notBefore: '1' }, 'notBefore must be'],
  ['scopes as a string', { scopes: 'apple' }, 'scopes must be a list of strings'],
  ['scopes that are not strings', { scopes: [['a']] }, 'scopes must be a list of strings'],
  ['no scopes', { scopes: undefined }, 'scopes must be a list of strings'],
  ['audiences as a string', { audience: 'orders.evil' }, 'audience must be a list of strings'],
  ['a subject that is not a string', { subject: 7 }, 'subject must be a string'],
  ['a client id that is not a string', { clientId: ['billing'] }, 'clientId must be a string or undefined'],
  ['a token id that is not a string', { tokenId: {} }, 'tokenId must be a string or undefined'],
  ['an issuer that is not a string', { issuer: 1 }, 'issuer must be a string or undefined'],
]

describe('facts of the wrong type let no request through: undecidable, and the cause names the fact', () => {
  const good = { subject: 'billing', scopes: ['a'], audience: ['orders'], claims: {} }
  const because = (decision: Decision): unknown =>
    decision.outcome === 'undecidable' ? String(decision.refusal.cause) : decision.outcome

  it.each([
    ...WRONG_FACTS,
    ['claims that are absent', { claims: undefined }, 'claims must be an object'],
  ] as typeof WRONG_FACTS)('of a JWT: %s', async (_, wrong, complaint) => {
    const { jwt, verifier } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        return [signing(by, { readClaims: () => ({ ...good, ...wrong }) })]
      },
    })
    const request = { headers: { authorization: `Bearer ${jwt()}` } }
    for (const policy of [undefined, { scopes: 'a' }]) {
      expect(because(await verifier.authorize(request, policy))).toContain(
        `TypeError: an issuer's facts: ${complaint}`,
      )
    }
  })

  it.each(WRONG_FACTS)('of a response: %s', async (_, wrong, complaint) => {
    const facts = { ...good, ...wrong } as TokenFacts
    const { issuer, verifier } = await testBed({
      issuers: (by) => [own(by, { remote: { ...own(by).remote!, read: () => ({ active: true, facts }) } })],
    })
    issuer.fail('introspection', { status: 200, body: {} })
    const request = { headers: { authorization: 'Bearer own_1' } }
    expect(because(await verifier.authorize(request))).toContain(`TypeError: an issuer's facts: ${complaint}`)
  })

  it.each([
    ['facts', 'facts', Object.assign(Object.create({ expiresAt: 1 }) as object, good)],
    ['claims', 'claims', { ...good, claims: Object.create({ cnf: {} }) as object }],
  ])('%s that inherit members, which nothing would read', async (_, name, facts) => {
    const read = () => ({ active: true, facts: facts as TokenFacts }) as const
    const { issuer, verifier } = await testBed({
      issuers: (by) => [own(by, { remote: { ...own(by).remote!, read } })],
    })
    issuer.fail('introspection', { status: 200, body: {} })
    const cause = because(await verifier.authorize({ headers: { authorization: 'Bearer own_1' } }))
    expect(cause).toContain(`${name} must be a plain object`)
  })

  it('claims that are frozen at the top only are frozen deeply', async () => {
    const { jwt, verifier } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        const readClaims = (claims: TokenFacts['claims']): TokenFacts => ({
          ...good,
          // Absent facts may be null, an expiry may be infinite, and bytes cannot be frozen.
          ...({ issuer: null, clientId: null, tokenId: null } as object),
          expiresAt: Number.POSITIVE_INFINITY,
          claims: Object.freeze({
            ...claims,
            roles: ['a'],
            in: Object.freeze({ depth: {} }),
            raw: Buffer.from('x'),
          }),
        })
        return [signing(by, { readClaims })]
      },
    })
    const found = await verifier.verify(jwt({ claims: { exp: undefined } }))
    const { claims } = found
    expect(found).toMatchObject({ issuer: 'signing', expiresAt: Number.POSITIVE_INFINITY })
    expect(found).not.toHaveProperty('clientId')
    expect(Object.isFrozen(claims['roles'])).toBe(true)
    expect(Object.isFrozen((claims['in'] as { readonly depth: object }).depth)).toBe(true)
  })
})
