import { expect, it } from 'vitest'
import { revocationEndpoint } from '../../adapters/fetch.js'
import { memoryRevocations, type Issuer } from '../../src/index.js'
import { oauth } from '../../src/index.js'
import { testBed, type TestBed } from '../support/test-bed.js'

/** An issuer whose tokens state one of several names. */
const withNames = (issuer: Issuer, names: readonly string[]): Issuer => ({
  ...issuer,
  jwt: { ...issuer.jwt!, issuers: [...issuer.jwt!.issuers!, ...names] },
})

async function start(names: readonly string[]) {
  const bed = await testBed({
    revocations: memoryRevocations(),
    issuers: (issuer) => [withNames(oauth(issuer.oauth()), names)],
  })
  const handle = revocationEndpoint(bed.verifier, { scopes: 'revocations:write' })
  const authorization = `Bearer ${bed.jwt({ scopes: 'revocations:write' })}`
  const headers = { authorization, 'content-type': 'application/json' }
  const revoke = async (targets: readonly object[]) => {
    const body = JSON.stringify(targets)
    const response = await handle(new Request('http://localhost/', { method: 'POST', headers, body }))
    return { status: response.status, json: (await response.json()) as Record<string, string> }
  }
  return { ...bed, revoke }
}

const listOf = ({ issuer }: TestBed, count: number, of: (index: number) => string): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({ issuer: issuer.url, tokenId: of(index) }))

it.each<[string, string]>([
  ['letters', 'a'],
  // JSON escapes them twice in a receipt.
  ['quotation marks', '"'],
  ['control characters', '\u0001'],
])('the receipt of the longest list that the endpoint accepts is reached: %s', async (_, character) => {
  const bed = await start(['https://a.example', 'https://b.example'])
  const escaped = JSON.stringify(character).length - 2
  const length = Math.floor(250_000 / 100 / escaped) - 70
  const targets = listOf(bed, 100, (index) => character.repeat(Math.min(length, 4000)) + String(index))
  expect(JSON.stringify(targets).length).toBeGreaterThan(200_000)
  const { status, json } = await bed.revoke(targets)
  expect(status).toBe(200)
  expect(await bed.verifier.revocations!.reached(json['receipt']!)).toBe(true)
})

it('a list whose receipt would be too long gets 413, which says what is revoked and what to do', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `https://${index}.example/${'a'.repeat(2000)}`)
  const bed = await start(names)
  const { status, json } = await bed.revoke(listOf(bed, 100, (index) => `id-${index}`))
  expect({ status, json }).toEqual({
    status: 413,
    json: {
      error: 'invalid_request',
      error_description: expect.stringMatching(
        /^\[\d+\]: the receipt of the list would be too long\. The targets up to this one are revoked\. Send shorter lists$/,
      ) as string,
    },
  })
})

it('a receipt that is too long to be read is an error that states the limit', async () => {
  const revocations = memoryRevocations()
  await expect(revocations.reached('a'.repeat(8_000_001))).rejects.toThrow(
    new TypeError('reached() requires a receipt of at most 8000000 characters'),
  )
})
