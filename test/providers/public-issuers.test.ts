import { describe, expect, it } from 'vitest'
import { ConfigurationError, oauth, type ClaimRules, type OAuthOptions } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'
import { readPaper, rowsOf, sectionOf } from '../integration/docs/programs/support.js'

const GITHUB = 'https://token.actions.githubusercontent.com'

const attempt = (issuer: string, extra: Partial<OAuthOptions> = {}) => {
  try {
    oauth({ issuer, audience: 'https://orders.internal', ...extra })
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
}

describe('a public shared issuer without a rule about its callers', () => {
  it.each([
    ['https://accounts.google.com', 'email', 'google({ audience, serviceAccounts })'],
    [GITHUB, 'repository', 'githubActions({ audience, repositories })'],
    ['https://gitlab.com', 'project_path', 'gitlab({ audience, projects })'],
    ['https://agent.buildkite.com', 'organization_slug', undefined],
    ['https://app.terraform.io', 'terraform_organization_id', undefined],
    ['https://oidc.codefresh.io', 'account_id', undefined],
    ['https://api.pulumi.com/oidc/v2', 'sub', undefined],
    ['https://api.pulumi.com/oidc', 'sub', undefined],
    ['https://app.eu.terraform.io', 'terraform_organization_id', undefined],
    ['https://oidc.vercel.com', 'owner', undefined],
    ['https://token.builds.bitrise.io', 'app_slug', undefined],
    ['https://oidc.cirrus-ci.com', 'owner', undefined],
    ['https://scalr.io', 'sub', undefined],
    ['https://studio.datachain.ai/api', 'sub', undefined],
    ['https://tokens.cloud.shisho.dev', 'sub', undefined],
    ['https://proidc.upbound.io', 'sub', undefined],
    ['https://issuer.enforce.dev', 'sub', undefined],
    ['https://oauth2.sigstore.dev/auth', 'email', undefined],
    ['https://gitlab.com/', 'project_path', 'gitlab({ audience, projects })'],
  ])('%s is a ConfigurationError that says what to write', (issuer, claim, preset) => {
    const error = attempt(issuer)
    expect(error?.option).toBe('oauth.claims')
    expect(error?.message).toContain(`claims: { ${claim}: `)
    expect(error?.message).toContain('anyCaller: true')
    if (preset !== undefined) expect(error?.message).toContain(preset)
    expect(attempt(issuer, { anyCaller: true })).toBeUndefined()
    expect(attempt(issuer, { claims: { [claim]: 'x' } })).toBeUndefined()
  })

  it.each<[ClaimRules]>([
    [{ aud: 'https://orders.internal' }],
    [{ email_verified: true }],
    [{ environment: 'production', ref: 'refs/heads/main' }],
    [{ nested: { repository: 'o/r' } }],
  ])('is refused with a rule that names no caller: %j', (claims) => {
    expect(attempt(GITHUB, { claims })?.option).toBe('oauth.claims')
    expect(attempt(GITHUB, { claims, anyCaller: true })).toBeUndefined()
  })

  it('is refused with anyCaller: false and with keys of its own', () => {
    expect(attempt(GITHUB, { anyCaller: false })?.option).toBe('oauth.claims')
    expect(attempt(GITHUB, { jwksUri: `${GITHUB}/.well-known/jwks` })?.option).toBe('oauth.claims')
    expect(attempt(GITHUB, { audience: null })?.option).toBe('oauth.claims')
  })
})

describe('anyCaller: true', () => {
  it('contradicts a rule about the callers of a public shared issuer: the error names both options', () => {
    const error = attempt(GITHUB, { anyCaller: true, claims: { repository: 'o/r' } })
    expect(error?.message).toMatch(/oauth\.anyCaller.*oauth\.claims.*repository/)
  })

  it('changes nothing for other issuers', async () => {
    const { jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ anyCaller: true, claims: { tenant: 'acme' } }))],
    })
    expect(await outcome(jwt({ claims: { tenant: 'acme' } }))).toBe('accepted')
    expect(await outcome(jwt())).toBe('claim_invalid')
  })

  it.each(['yes', 1, null])('must be a boolean, not %j', (anyCaller) => {
    expect(attempt(GITHUB, { anyCaller } as object)?.option).toBe('oauth.anyCaller')
  })
})

it.each([
  'https://gitlab.example.com',
  `${GITHUB}/my-enterprise`,
  'https://oidc.circleci.com/org/00000000-0000-0000-0000-000000000000',
  'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
  'https://accounts.google.com.example.com',
  'https://gitlab.com.',
])('%s is not a public shared issuer', (issuer) => {
  expect(attempt(issuer)).toBeUndefined()
})

it('docs/reference/options.md lists the public shared issuers and the claims that name their callers', () => {
  const rows = rowsOf(sectionOf(readPaper('docs/reference/options.md'), 'Public shared issuers'), 'issuer')
  expect(rows.length).toBe(16)
  for (const row of rows) {
    const [issuer = ''] = row['`iss`']!.replaceAll('`', '').split(', ')
    const claims = row['claims that name the caller']!.replaceAll('`', '')
    expect(attempt(issuer)?.message).toContain(`must be about one of ${claims}. `)
  }
})
