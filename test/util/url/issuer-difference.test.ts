import { describe, expect, it } from 'vitest'
import { explainOtherIssuer, overlookedDifference } from '../../../src/util/url/issuer-difference.js'

describe('a difference of two issuers that is easily overlooked', () => {
  it.each([
    ['https://auth.test/', 'https://auth.test', 'a trailing slash'],
    ['http://auth.test', 'https://auth.test', 'the scheme'],
    ['https://Auth.test', 'https://auth.test', 'letter case'],
    [' https://auth.test', 'https://auth.test', 'white space'],
    ['HTTP://auth.test/', 'https://auth.test', 'a trailing slash and the scheme and letter case'],
  ])('%s and %s: is named', (first, second, difference) => {
    expect(overlookedDifference(first, second)).toBe(difference)
  })

  it.each([
    ['https://auth.test', 'https://auth.test'],
    ['https://auth.test', 'https://other.test'],
  ])('%s and %s: there is none', (first, second) => {
    expect(overlookedDifference(first, second)).toBeUndefined()
  })
})

describe('a discovery document that names another issuer', () => {
  const explain = (stated: unknown, configured: string): string =>
    explainOtherIssuer('https://d.test', stated, configured)

  it('that differs in what is easily overlooked: the explanation names the correction', () => {
    expect(explain('https://auth.test/', 'https://auth.test')).toContain(
      'They differ only in a trailing slash: set the option issuer to the value in the discovery document',
    )
  })

  it('that is a template, of which the configured issuer is one tenant: the explanation names the option', () => {
    const stated = 'https://login.test/{tenantid}/v2.0'
    expect(explain(stated, 'https://login.test/acme/v2.0')).toContain(
      'write {tenant} in the option issuer, and set tenants',
    )
    expect(explain(stated, 'https://login.test/common/v2.0')).toContain(
      'set the option issuer to the URL of one tenant',
    )
  })

  it('that is absent or not a string: the explanation says so', () => {
    expect(explain(undefined, 'https://auth.test')).toBe(
      'the discovery document at https://d.test has no issuer',
    )
    expect(explain(7, 'https://auth.test')).toContain(
      'names the issuer 7, not the configured "https://auth.test"',
    )
  })
})
