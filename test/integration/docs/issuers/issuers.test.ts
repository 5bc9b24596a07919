import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Refusal, Verifier } from '../../../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../../../src/testing/index.js'
import type { Entry } from './entry.js'
import { ENTRIES_A_TO_D } from './issuer-tokens-a-d.js'
import { ENTRIES_E_TO_G } from './issuer-tokens-e-g.js'
import { ENTRIES_H_TO_Z } from './issuer-tokens-h-z.js'
import { runBlock } from '../programs/run.js'
import { blocksOf, readPaper, rowsOf, type Block } from '../programs/support.js'

const ENTRIES: Readonly<Record<string, Entry>> = {
  ...ENTRIES_A_TO_D,
  ...ENTRIES_E_TO_G,
  ...ENTRIES_H_TO_Z,
}
const PAGES = ['a-to-f', 'g-to-k', 'l-to-z'].map((name) => `docs/guide/issuers-a-to-z/${name}.md`)

/** Entries that run with the provider of that name, which the test issuer simulates. */
const PROVIDERS = { Authlete: 'authlete', Clerk: 'clerk', Stytch: 'stytch' } as const

/** The block of each entry that exports a verifier, by the heading of the entry. */
const blocks = new Map<string, Block>(
  PAGES.flatMap((page) => {
    const lines = readPaper(page).split('\n')
    return blocksOf(page)
      .filter(({ text }) => text.includes('export const verifier'))
      .map((block): [string, Block] => {
        const heading = lines.slice(0, block.line).findLast((line) => line.startsWith('## '))
        return [heading?.slice(3) ?? '', block]
      })
  }),
)

const headings = PAGES.flatMap((page) =>
  [...readPaper(page).matchAll(/^## (.+)$/gm)].map(([, title = '']) => title),
)

it('every entry has lines to copy and tokens to test them with', () => {
  expect([...blocks.keys()].sort()).toEqual([...headings].sort())
  expect([...Object.keys(ENTRIES), ...Object.keys(PROVIDERS)].sort()).toEqual([...headings].sort())
})

it('the table lists every entry, in the order of the alphabet', () => {
  const rows = rowsOf(readPaper('docs/guide/issuers-a-to-z.md'), 'issuer')
  expect(rows.map(({ issuer = '' }) => /\[(.+)\]/.exec(issuer)?.[1])).toEqual(headings)
})

it.each(headings)('%s: says what to set in the console, what is refused, and the traps', (heading) => {
  const section = PAGES.map(readPaper)
    .join('\n## ')
    .split(/\n## /)
    .find((part) => part.startsWith(`${heading}\n`))
  for (const title of ['**Console.**', '**Refused.**', '**Traps.**']) expect(section).toContain(title)
})

type Claims = Readonly<Record<string, unknown>>

/** Runs the block of an entry. All requests of its verifier are responded to by the test issuer. */
async function run(
  heading: string,
  entry: Entry,
): Promise<{ issuer: TestIssuer; verifier: Verifier; respond: Claims }> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const { exports } = await runBlock(blocks.get(heading)!, issuer)
  const respond: Record<string, unknown> = {}
  vi.stubGlobal('fetch', (input: string) =>
    Promise.resolve(Response.json(documentAt(input, issuer, entry, respond))),
  )
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  return { issuer, verifier: exports['verifier'] as Verifier, respond }
}

function documentAt(
  url: string,
  issuer: TestIssuer,
  { machine, introspected }: Entry,
  response: Claims,
): unknown {
  if (url.includes('/.well-known/openid-configuration')) {
    return {
      issuer: machine.claims['iss'],
      jwks_uri: 'https://keys.test/jwks',
      introspection_endpoint: 'https://keys.test/introspect',
    }
  }
  return introspected !== undefined && url.includes('introspect') ? response : issuer.jwks()
}

/** Mints a token of an entry, or sets the response of its introspection. */
function tokenOf(
  issuer: TestIssuer,
  { machine, introspected }: Entry,
  changes: Claims,
  respond: Claims,
): string {
  const claims = { client_id: undefined, jti: undefined, ...machine.claims, ...changes }
  if (introspected !== undefined) {
    const exp = Math.floor(Date.now() / 1000) + 3600
    Object.assign(respond, { active: true, exp, ...claims })
  }
  if (introspected === 'opaque') return `ory_at_${JSON.stringify(changes).length}x${Math.random()}`
  const few = {
    iss: claims['iss' as keyof typeof claims],
    azp: 'billing',
    aud: undefined,
    client_id: undefined,
  }
  return issuer.mintJwt({
    algorithm: machine.algorithm ?? 'RS256',
    header: machine.header ?? {},
    claims: introspected === 'jwt' ? few : claims,
  })
}

describe.each(Object.entries(ENTRIES))('%s', (heading, entry) => {
  it('accepts a machine', async () => {
    const { issuer, verifier, respond } = await run(heading, entry)
    const token = await verifier.verify(tokenOf(issuer, entry, {}, respond))
    expect(token).toMatchObject(entry.facts)
  })

  it.each(Object.entries(entry.refused))('refuses %s', async (_, changes) => {
    const { issuer, verifier, respond } = await run(heading, entry)
    const failure = await verifier
      .verify(tokenOf(issuer, entry, changes, respond))
      .catch((error: unknown) => error)
    expect((failure as Refusal).reason).toBe(entry.reason ?? 'claim_invalid')
  })

  it.each(Object.entries(entry.checked ?? {}))('refuses by its policy %s', async (_, changes) => {
    const { issuer, verifier, respond } = await run(heading, entry)
    const failure = await verifier
      .verify(tokenOf(issuer, entry, changes, respond))
      .catch((error: unknown) => error)
    expect((failure as Refusal).reason).toBe('check_failed')
  })
})

it.each(Object.entries(PROVIDERS))('%s: accepts a machine', async (heading, provider) => {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const { serviceId, serviceAccessToken } = issuer.authleteService
  const { exports } = await runBlock(blocks.get(heading)!, issuer, {
    'process.env.AUTHLETE_SERVICE_ID!': JSON.stringify(serviceId),
    'process.env.AUTHLETE_SERVICE_ACCESS_TOKEN!': JSON.stringify(serviceAccessToken),
    'https://us.authlete.com': issuer.endpoints.authlete,
  })
  const token = provider === 'stytch' ? issuer.mintJwt({ provider }) : issuer.mintOpaque({ provider })
  expect(await (exports['verifier'] as Verifier).verify(token)).toMatchObject({ provider })
})
