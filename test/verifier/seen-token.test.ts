import { describe, expect, it, vi } from 'vitest'
import { oauth, Refusal, type Issuer, type Verifier } from '../../src/index.js'
import { testBed, type TestBed, times } from '../support/test-bed.js'

type ReadClaims = NonNullable<Issuer['jwt']>['readClaims']

/** A test bed whose issuer's own reading of claims can be watched and replaced. */
async function watched(): Promise<TestBed & { readonly readClaims: ReturnType<typeof vi.fn<ReadClaims>> }> {
  const readClaims = vi.fn<ReadClaims>()
  const bed = await testBed({
    issuers: (by) => {
      const issuer = oauth(by.oauth())
      readClaims.mockImplementation(issuer.jwt!.readClaims)
      return [{ ...issuer, jwt: { ...issuer.jwt!, readClaims } }]
    },
  })
  return { ...bed, readClaims }
}

const verifyThrice = (verifier: Verifier, token: string) =>
  times(3, () => undefined).reduce<Promise<unknown[]>>(
    async (earlier) => [...(await earlier), await verifier.verify(token)],
    Promise.resolve([]),
  )

describe('a JWT that comes again', () => {
  it('is what it was when it came first, whatever stands in its claims', async () => {
    const { jwt, verifier, events } = await testBed()
    const claims = {
      text: 'Grüße, 世界 \u{1f511} "\\\u0000',
      nested: { list: [1, 2.5, null, { deep: [] }], ['__proto__']: { isAdmin: true } },
      number: 1e21,
    }
    const [first, ...others] = await verifyThrice(verifier, jwt({ claims, scopes: ['a', 'b'] }))
    for (const other of others) expect(other).toEqual(first)
    expect(first).toMatchObject({ claims: { text: claims.text, number: 1e21 }, scopes: ['a', 'b'] })
    expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'cache'])
  })

  it('is read once more, and no third time', async () => {
    const { jwt, verifier, readClaims } = await watched()
    const [, second, third] = await verifyThrice(verifier, jwt())
    expect(readClaims).toHaveBeenCalledTimes(2)
    expect(third).toBe(second)
  })

  it('is frozen, claims and all, each time', async () => {
    const { jwt, verifier } = await testBed()
    for (const token of await verifyThrice(verifier, jwt({ claims: { nested: { list: [{}] } } }))) {
      const { claims } = token as { claims: { nested: { list: object[] } } }
      for (const part of [token, claims, claims.nested, claims.nested.list, claims.nested.list[0]]) {
        expect(Object.isFrozen(part)).toBe(true)
      }
    }
  })

  it('of which its issuer says something else by then is verified anew, and refused for that', async () => {
    const { jwt, outcome, readClaims, events } = await watched()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    readClaims.mockReturnValue({ reason: 'claim_invalid', detail: 'of a change of mind' })
    expect(await outcome(token)).toBe('claim_invalid')
    expect(events.at(-1)).toMatchObject({ source: 'local' })
    expect(await outcome(token)).toBe('claim_invalid')
  })

  it.each([
    ['fails', () => new Error('broken'), 'issuer_unavailable'],
    ['refuses', () => new Refusal('claim_invalid'), 'claim_invalid'],
  ])('which its issuer %s by then, is verified anew, until it does no more', async (_, error, reason) => {
    const { jwt, outcome, readClaims, events, issuer } = await watched()
    const token = jwt()
    const read = readClaims.getMockImplementation()!
    expect(await outcome(token)).toBe('accepted')
    readClaims.mockImplementation(() => {
      throw error()
    })
    expect(await outcome(token)).toBe(reason)
    if (reason === 'claim_invalid')
      expect(events.at(-1)).toMatchObject({ issuer: issuer.url, source: 'local' })
    readClaims.mockImplementation(read)
    expect(await outcome(token)).toBe('accepted')
  })

  it('with a header that it shares with no other token is read no second time', async () => {
    const { jwt, verifier, readClaims } = await watched()
    const [first, second] = await verifyThrice(verifier, jwt({ header: { note: 'x'.repeat(500) } }))
    expect(readClaims).toHaveBeenCalledTimes(1)
    expect(second).toBe(first)
  })

  it('with a key that is listed no more is refused, though it has come but once', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    issuer.rotateKeys()
    pass(600)
    await outcome(jwt())
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('once forgotten, is verified as if it had never come', async () => {
    const { jwt, outcome, verifier, events } = await testBed()
    const token = jwt()
    await outcome(token)
    verifier.forget(token)
    await outcome(token)
    expect(events.map(({ source }) => source)).toEqual(['local', 'local'])
  })
})

describe('what an unverified JWT says', () => {
  const takingAll = async (recognises: NonNullable<NonNullable<Issuer['jwt']>['recognises']>) => {
    const bed = await testBed({
      issuers: (by) => {
        const issuer = oauth(by.oauth())
        return [{ ...issuer, jwt: { ...issuer.jwt!, issuers: null, recognises } }]
      },
    })
    return bed
  }

  it('cannot be changed by who only recognises it', async () => {
    const { jwt, outcome } = await takingAll(({ claims }) => Reflect.deleteProperty(claims, 'scope') || true)
    const token = jwt({ scopes: ['admin'] })
    for (const _ of times(3, () => undefined)) {
      expect(await outcome(token, { scopes: 'admin' })).toBe('accepted')
    }
  })

  it('is frozen, header and claims', async () => {
    let isFrozen = false
    const { jwt, outcome } = await takingAll(({ header, claims }) => {
      isFrozen = [header, claims, claims['nested'] as object].every(Object.isFrozen)
      return true
    })
    expect(await outcome(jwt({ claims: { nested: {} }, header: { note: 'x'.repeat(500) } }))).toBe('accepted')
    expect(isFrozen).toBe(true)
  })
})

it('an issuer whose own function verifies the same token leaves no rejection behind', async () => {
  const inner: Promise<unknown>[] = []
  const bed: TestBed = await testBed({
    issuers: (by) => {
      const issuer = oauth(by.oauth())
      const judgeHeader: NonNullable<Issuer['jwt']>['validateHeader'] = (header) => {
        if (inner.length === 0) {
          inner.push(Promise.resolve())
          inner.push(bed.outcome(token).catch(() => undefined))
        }
        return issuer.jwt!.validateHeader(header)
      }
      return [{ ...issuer, jwt: { ...issuer.jwt!, validateHeader: judgeHeader } }]
    },
  })
  const token = `${bed.jwt().slice(0, -8)}AAAAAAAA`
  expect(await bed.outcome(token)).toBe('signature_invalid')
  expect(await Promise.all(inner)).toContain('signature_invalid')
})
