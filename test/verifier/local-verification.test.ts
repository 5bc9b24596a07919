import { describe, expect, it, vi } from 'vitest'
import { oauth, Refusal, type Issuer, type Verifier } from '../../src/index.js'
import { testBed, type TestBed, times } from '../support/test-bed.js'

type ReadClaims = NonNullable<Issuer['jwt']>['readClaims']

/** A test bed whose issuer's `readClaims` can be observed and replaced. */
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

describe('a JWT that is used several times', () => {
  it('has the same facts each time, with any claims', async () => {
    const { jwt, verifier, events } = await testBed()
    const claims = {
      text: 'Grüße, 世界 \u{1f511} "\\\u0000',
      nested: { list: [1, 2.5, null, { deep: [] }], ['__proto__']: { isAdmin: true } },
      number: 1e21,
    }
    const [first, ...others] = await verifyThrice(verifier, jwt({ claims, scopes: ['a', 'b'] }))
    for (const other of others) expect(other).toBe(first)
    expect(first).toMatchObject({ claims: { text: claims.text, number: 1e21 }, scopes: ['a', 'b'] })
    expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'cache'])
  })

  it('has its claims read once, also if its header is too long to be shared', async () => {
    const { jwt, verifier, readClaims } = await watched()
    await verifyThrice(verifier, jwt())
    expect(readClaims).toHaveBeenCalledTimes(1)
    await verifyThrice(verifier, jwt({ header: { note: 'x'.repeat(500) } }))
    expect(readClaims).toHaveBeenCalledTimes(2)
  })

  it('is frozen, nested claims included', async () => {
    const { jwt, verifier } = await testBed()
    for (const token of await verifyThrice(verifier, jwt({ claims: { nested: { list: [{}] } } }))) {
      const { claims } = token as { claims: { nested: { list: object[] } } }
      for (const part of [token, claims, claims.nested, claims.nested.list, claims.nested.list[0]]) {
        expect(Object.isFrozen(part)).toBe(true)
      }
    }
  })

  it.each([
    ['fails', () => new Error('broken'), 'issuer_unavailable'],
    ['throws a refusal', () => new Refusal('claim_invalid'), 'claim_invalid'],
  ])(
    'is verified again on the next request if readClaims of a custom issuer %s',
    async (_, error, reason) => {
      const { jwt, outcome, readClaims, events, issuer } = await watched()
      const token = jwt()
      const read = readClaims.getMockImplementation()!
      readClaims.mockImplementation(() => {
        throw error()
      })
      expect(await outcome(token)).toBe(reason)
      if (reason === 'claim_invalid')
        expect(events.at(-1)).toMatchObject({ issuer: issuer.url, source: 'local' })
      readClaims.mockImplementation(read)
      expect(await outcome(token)).toBe('accepted')
    },
  )

  it('is refused once its key is no longer listed', async () => {
    const { issuer, jwt, outcome, pass } = await testBed()
    const token = jwt()
    expect(await outcome(token)).toBe('accepted')
    issuer.rotateKeys()
    pass(600)
    await outcome(jwt())
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('is verified again after forget()', async () => {
    const { jwt, outcome, verifier, events } = await testBed()
    const token = jwt()
    await outcome(token)
    verifier.forget(token)
    await outcome(token)
    expect(events.map(({ source }) => source)).toEqual(['local', 'local'])
  })
})

describe('an unverified JWT', () => {
  const takingAll = async (recognises: NonNullable<NonNullable<Issuer['jwt']>['recognises']>) => {
    const bed = await testBed({
      issuers: (by) => {
        const issuer = oauth(by.oauth())
        return [{ ...issuer, jwt: { ...issuer.jwt!, issuers: null, recognises } }]
      },
    })
    return bed
  }

  it('cannot be changed by the function that recognises it', async () => {
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

it('a custom issuer function that verifies the same token causes no unhandled rejection', async () => {
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
