import { expect, it } from 'vitest'
import { says } from '../support/servers/misbehaviours.js'
import { introspectionBed } from '../support/test-bed.js'

it.each([
  [64, 'accepted'],
  [65, 'claim_invalid'],
  [5000, 'claim_invalid'],
])('an active result of %i levels: %s', async (levels, expected) => {
  const { issuer, opaque, outcome } = await introspectionBed()
  // The result itself is the first level.
  const lists = `${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}`
  issuer.fail(
    'introspection',
    says(200, `{"active":true,"sub":"billing","aud":"${issuer.audience}","x":${lists}}`),
  )
  expect(await outcome(opaque())).toBe(expected)
})
