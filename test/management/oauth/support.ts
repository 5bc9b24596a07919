import { oauthTokens, type OAuthTokens } from '../../../src/management/index.js'
import type { OptionOverrides } from '../../../src/testing/index.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

type Options = Parameters<typeof oauthTokens>[0]

interface OAuthManagementBed extends TestBed {
  readonly tokens: OAuthTokens
  readonly tokensWith: (options: OptionOverrides<Options>) => OAuthTokens
}

export async function managementBed(): Promise<OAuthManagementBed> {
  const bed = await testBed()
  const { issuer } = bed
  const { clientId, clientSecret } = issuer.client
  const tokensWith: OAuthManagementBed['tokensWith'] = (more) => {
    const merged = Object.entries({ issuer: issuer.url, clientId, clientSecret, ...more })
    const given = Object.fromEntries(merged.filter(([, value]) => value !== undefined))
    return oauthTokens(given as unknown as Options)
  }
  return { ...bed, tokens: tokensWith({}), tokensWith }
}
