import { expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { bearer, testBed } from '../support/test-bed.js'

const HEADER = 'cf-access-jwt-assertion'
const SECOND = 'another-credential-0123456789abcdef'

it('with the option header, the value of Authorization is masked in the path too', async () => {
  const bed = await testBed()
  const read = guard(bed.verifier, {}, { header: HEADER })
  const headers = { [HEADER]: bed.jwt(), authorization: `Bearer ${SECOND}` }
  await read(new Request(`https://api.test/callback/${SECOND}/orders/${headers[HEADER]}/x`, { headers }))
  expect(bed.events.at(-1)).toMatchObject({ outcome: 'accepted', path: '/callback/[token]/orders/[token]/x' })
})

it.each([
  ['proxy-authorization', `Basic ${Buffer.from(SECOND).toString('base64')}`],
  [HEADER, SECOND],
  ['x-api-key', SECOND],
  ['x-forwarded-access-token', SECOND],
  ['x-goog-iap-jwt-assertion', SECOND],
])('the value of %s is masked in the path besides the token', async (name, value) => {
  const bed = await testBed()
  const credential = value.replace('Basic ', '')
  for (const token of [bed.jwt(), bed.issuer.mintOpaque()]) {
    const url = `/callback/${credential}/${token}/x`
    const given = { ...bearer(token).headers, [name]: value }
    for (const headers of [given, new Headers(given)]) {
      await bed.verifier.authorize({ url, headers })
      expect(bed.events.at(-1)!.path).toBe('/callback/[token]/[token]/x')
    }
  }
})
