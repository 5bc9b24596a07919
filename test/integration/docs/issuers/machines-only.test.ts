import { expect, it, onTestFinished, vi } from 'vitest'
import type { Refusal, Verifier } from '../../../../src/index.js'
import { createTestIssuer } from '../../../../src/testing/index.js'
import { readDocumented } from '../programs/examples.js'
import { runBlock } from '../programs/run.js'
import { blocksOf, PAPERS, placeOf, readPaper } from '../programs/support.js'

/** Issuers without people: placeholders, the issuer of the getting-started pages, and service accounts that sign themselves. */
const WITHOUT_PEOPLE = [
  "'https://auth.example.com'",
  "'https://login.partner.example'",
  "'http://127.0.0.1:4000'",
  "'billing@project.iam.gserviceaccount.com'",
  'account',
]

/** The options of each call of `oauth` that names its issuer, without those of a test issuer. */
function oauthCalls(text: string): readonly string[] {
  return text
    .split(/\boauth\(\{/)
    .slice(1)
    .map((rest) => rest.slice(0, endOf(rest)))
}

/** The index of the brace that ends an object whose first brace is left out. */
function endOf(text: string): number {
  let depth = 1
  for (let index = 0; index < text.length; index += 1) {
    if (text.charAt(index) === '{') depth += 1
    if (text.charAt(index) === '}') depth -= 1
    if (depth === 0) return index
  }
  return text.length
}

const hasNoRule = (call: string): boolean => {
  const issuer = /\bissuer: ([^,\n]+)/.exec(call)?.[1]?.trim()
  return issuer !== undefined && !WITHOUT_PEOPLE.includes(issuer) && !/\bclaims: /.test(call)
}

it('every block that configures an issuer with people has a rule about machines', () => {
  const programs = PAPERS.flatMap(blocksOf).filter(({ language }) => ['ts', 'js'].includes(language))
  const calls = programs.flatMap((block) => oauthCalls(block.text).map((call) => ({ block, call })))
  expect(calls.length).toBeGreaterThan(30)
  expect(calls.filter(({ call }) => hasNoRule(call)).map(({ block }) => placeOf(block))).toEqual([])
})

it('so has every example of a comment', () => {
  const calls = readDocumented().flatMap(({ name, examples }) =>
    examples.flatMap((example) => oauthCalls(JSON.stringify(example))).map((call) => ({ name, call })),
  )
  expect(calls.filter(({ call }) => hasNoRule(call)).map(({ name }) => name)).toEqual([])
})

it.each(['README.md', 'docs/vendors/oauth.md', 'docs/migration/README.md'])(
  '%s says that people are accepted without a rule',
  (paper) => {
    expect(readPaper(paper)).toContain('guide/issuers.md#machines-only')
  },
)

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'

const block = (paper: string, part: string) =>
  blocksOf(paper).find(({ text }) => text.includes(part) && text.includes('createVerifier('))!

const tenantBlocks = [
  ['the many tenants of Entra', block('docs/guide/issuers.md', 'tenant: (id)')],
  ['the list of tenants', block('docs/guide/issuers-a-to-z/recipes.md', 'tenant: [')],
  ['the function for tenants', block('docs/guide/issuers-a-to-z/recipes.md', 'tenant: (id)')],
] as const

it.each(tenantBlocks)('%s: v1 and v2 tokens of machines pass, those of people do not', async (_, program) => {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const { exports } = await runBlock(program, issuer)
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(issuer.jwks())))
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  const verifier = exports['verifier'] as Verifier
  ;(exports['customers'] as Set<string> | undefined)?.add(TENANT)
  const kid = (issuer.jwks() as { keys: readonly { kid: string }[] }).keys[0]!.kid
  const outcome = async (claims: object): Promise<string> => {
    const app = { azp: 'billing', idtyp: undefined, tid: TENANT, oid: 'x', sub: 'x', roles: ['Orders.Read'] }
    const token = issuer.mintJwt({
      provider: 'oauth',
      kid,
      claims: { client_id: undefined, scope: undefined, ...app, ...claims },
    })
    const result = await verifier.verify(token).catch((refusal: unknown) => refusal)
    return (result as Partial<Refusal>).reason ?? 'accepted'
  }
  const v2 = {
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    aud: '0f8c1d2e-1111-4222-8333-444455556666',
  }
  const v1 = {
    iss: `https://sts.windows.net/${TENANT}/`,
    aud: 'api://orders',
    azp: undefined,
    appid: 'billing',
  }
  expect([await outcome(v2), await outcome(v1)]).toEqual(['accepted', 'accepted'])
  const person = { scp: 'access_as_user', sub: 'pairwise' }
  expect(await outcome({ ...v2, ...person })).toBe('claim_invalid')
  expect(await outcome({ ...v1, ...person })).toBe('claim_invalid')
  expect(await outcome({ ...v2, iss: v2.iss.replace('72', '73') })).toBe('issuer_unknown')
})
