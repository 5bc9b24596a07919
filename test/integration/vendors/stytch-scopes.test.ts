import { describe, expect, it } from 'vitest'
import { sharedBed } from '../../support/test-bed.js'
import { stytchSdkBed } from './stytch-sdk.js'

const shared = sharedBed((atEnd) => stytchSdkBed(atEnd))

/** Whether each side finds the granted scopes sufficient. Theirs is the function of the published client. */
interface Verdicts {
  readonly theirs: boolean
  readonly ours: boolean
}

async function judge(granted: string, demanded: readonly string[]): Promise<Verdicts> {
  const { mint, theirs, ours } = shared.bed
  const token = mint({ scopes: granted })
  const their = await theirs(token, { required_scopes: [...demanded] })
  const our = await ours(token, { scopes: demanded })
  expect(['accepted', 'missing_scopes']).toContain(their)
  expect(['accepted', 'scope_insufficient']).toContain(our)
  return { theirs: their === 'accepted', ours: our === 'accepted' }
}

const GRANTED = [
  ...['read', 'read:users', 'read:*', 'read:-', 'read:', ':users', ':', ':*', '*', '*:*', '*:users', '-'],
  ...['READ:users', 'read:Users', 'read:user', 'read:users*', 'write:users', 'read:users write:users'],
  ...['read:books write:*', 'read:users read:*', 'read read:books', 'urn:a', 'read.all', 'read/users'],
]
const DEMANDED = [
  ...['read', 'read:users', 'read:*', 'read:-', 'read:', ':users', ':', '*', '*:*', '*:users', '-'],
  ...['write:users', 'write:books', 'urn:a', 'read.all', 'read/users', 'read:Users', 'read:users*'],
  ...['read:users write:users', 'read:books read', 'read:users read:users'],
]

describe("one colon at most: exactly as Stytch's client", () => {
  it.each(GRANTED)('for a token with %s', async (granted) => {
    const differing: string[] = []
    for (const demanded of DEMANDED) {
      const { theirs, ours } = await judge(granted, demanded.split(' '))
      if (theirs !== ours) differing.push(`${demanded}: theirs ${String(theirs)}, ours ${String(ours)}`)
    }
    expect(differing).toEqual([])
  })

  it.each([
    ['read:users', 'read:users', true],
    ['read:*', 'read:users', true],
    ['read:*', 'read', true],
    ['read:-', 'read', true],
    ['*', '*', true],
    ['read:users write:*', 'write:books read:users', true],
    ['read', 'read:users', false],
    ['read:users', 'read', false],
    ['*', 'read', false],
    ['*:users', 'read:users', false],
    ['read:users', 'read:*', false],
    ['read:users', 'read:users write:users', false],
  ])('the published rule: %s for %s is %s', async (granted, demanded, isEnough) => {
    expect(await judge(granted, demanded.split(' '))).toEqual({ theirs: isEnough, ours: isEnough })
  })
})

describe('a second colon', () => {
  it.each([
    ['read:users:eu', 'read:users:us'],
    ['read:users:eu', 'read:users'],
    ['read:users', 'read:users:eu'],
    ['read:*:eu', 'read:users'],
    ['read:*:eu', 'read:users:us'],
    ['urn:x:a', 'urn:x:b'],
    ['https://a.example:8443/read', 'https://a.example:8443/write'],
  ])("ends the scope for Stytch's client, so that %s opens %s; not for us", async (granted, demanded) => {
    expect(await judge(granted, [demanded])).toEqual({ theirs: true, ours: false })
  })

  it.each([
    ['read:users:eu', 'read:users:eu', true],
    ['urn:x:a', 'urn:x:a', true],
    ['read:*', 'read:users:eu', true],
    ['read:users:eu', 'write:users:eu', false],
    ['read:users:eu', 'read:books:eu', false],
    ['read:users:eu', 'read', false],
    ['read', 'read:users:eu', false],
  ])('makes no difference to %s for %s: %s', async (granted, demanded, isEnough) => {
    const expected = { theirs: isEnough, ours: isEnough }
    expect(await judge(granted, [demanded])).toEqual(expected)
  })
})

describe('names that every JavaScript object has', () => {
  it.each([
    ['constructor', 'constructor'],
    ['__proto__:users', '__proto__:users'],
    ['toString read:users', 'read:users'],
  ])("%s for %s: an error in Stytch's client, a scope like any other for us", async (granted, demanded) => {
    const { mint, theirs, ours } = shared.bed
    const token = mint({ scopes: granted })
    await expect(theirs(token, { required_scopes: [demanded] })).rejects.toThrow(TypeError)
    expect(await ours(token, { scopes: demanded })).toBe('accepted')
  })

  it.each(['constructor', '__proto__'])('no token has %s unless it was granted', async (demanded) => {
    const { mint, ours } = shared.bed
    expect(await ours(mint({ scopes: 'read:users' }), { scopes: demanded })).toBe('scope_insufficient')
  })
})
