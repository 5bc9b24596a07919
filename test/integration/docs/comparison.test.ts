import { describe, expect, it, onTestFinished } from 'vitest'
import { guard } from '../../../adapters/fetch.js'
import { createVerifier, oauth, type Policy } from '../../../src/index.js'
import { createTestIssuer, type MintJwtOptions, type TestIssuer } from '../../../src/testing/index.js'
import { readPaper, rowsOf, sectionOf } from './support.js'

/** A guard whose keys are at an address that is configured, as those of the other packages were. */
interface ComparisonBed {
  readonly issuer: TestIssuer
  readonly pass: (seconds: number) => void
  readonly mint: (options?: MintJwtOptions) => string
  readonly ask: (token: string | undefined, url?: string) => Promise<Response | 'accepted'>
  /** The status, 200 for what is accepted. */
  readonly statusOf: (token: string | undefined, url?: string) => Promise<number>
}

async function comparisonBed(policy: Policy = {}): Promise<ComparisonBed> {
  let now = Date.UTC(2026, 10, 21, 8)
  const clock = (): number => now
  const issuer = await createTestIssuer({ clock })
  onTestFinished(() => issuer.close())
  const keys = { jwksUri: `${issuer.url}/jwks`, introspection: undefined }
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth(keys))], clock })
  const authorize = guard(verifier, policy)
  const ask: ComparisonBed['ask'] = async (token, url = 'http://api.test/orders') => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const result = await authorize(new Request(url, { headers }))
    return result instanceof Response ? result : 'accepted'
  }
  return {
    issuer,
    pass(seconds) {
      now += seconds * 1000
    },
    mint: (options) => issuer.mintJwt({ expiresIn: '1d', ...options }),
    ask,
    async statusOf(token, url) {
      const result = await ask(token, url)
      return result === 'accepted' ? 200 : result.status
    },
  }
}

const calls = (count: number): string => (count === 1 ? '1 call' : `${count} calls`)

async function accepted({ mint, statusOf }: ComparisonBed, count: number): Promise<number> {
  let good = 0
  for (let index = 0; index < count; index += 1) if ((await statusOf(mint())) === 200) good += 1
  return good
}

async function madeUpKeyIds({ mint, statusOf }: ComparisonBed, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1)
    expect(await statusOf(mint({ header: { kid: `made-up-${count}-${index}` } }))).toBe(401)
}

const lone = async (options: MintJwtOptions, policy?: Policy): Promise<string> => {
  const { mint, statusOf } = await comparisonBed(policy)
  expect(await statusOf(mint())).toBe(200)
  return String(await statusOf(mint(options)))
}

/** For each situation of the table: what becomes of it here, in the words of the table. */
const situations: Readonly<Record<string, () => Promise<string>>> = {
  'cold start, key server failing, 10 good tokens': async () => {
    const bed = await comparisonBed()
    bed.issuer.fail('all', 503)
    const answers: string[] = []
    for (let index = 0; index < 10; index += 1) {
      const response = (await bed.ask(bed.mint())) as Response
      const how = response.headers.has('retry-after') ? ' with `Retry-After`' : ''
      answers.push(`${response.status}${how}`)
    }
    expect(new Set(answers).size).toBe(1)
    return `${answers[0]!}; ${calls(bed.issuer.calls.total)} to the issuer`
  },
  'keys past their lifetime, key server failing, 10 good tokens in a row': async () => {
    const bed = await comparisonBed()
    expect(await bed.statusOf(bed.mint())).toBe(200)
    bed.pass(601)
    bed.issuer.fail('all', 503)
    bed.issuer.resetCalls()
    const good = await accepted(bed, 10)
    const asked = calls(bed.issuer.calls.total)
    bed.pass(3600 - 602)
    expect(await bed.statusOf(bed.mint())).toBe(200)
    bed.pass(1)
    return `${good} accepted, ${asked}; ${await bed.statusOf(bed.mint())} an hour after the last success`
  },
  '10 requests, 10 good tokens, key server well': async () => {
    const bed = await comparisonBed()
    expect(await accepted(bed, 10)).toBe(10)
    return calls(bed.issuer.calls.total)
  },
  '20 made-up key ids': async () => {
    const bed = await comparisonBed()
    await madeUpKeyIds(bed, 1)
    expect(bed.issuer.calls.total).toBe(1)
    await madeUpKeyIds(bed, 19)
    return `${calls(bed.issuer.calls.total)}, the first to load the keys`
  },
  '12 made-up key ids, then an honest caller': async () => {
    const bed = await comparisonBed()
    await madeUpKeyIds(bed, 12)
    return (await accepted(bed, 1)) === 1 ? 'accepted' : 'refused'
  },
  'a token seen once before its key is published': async () => {
    const { issuer, mint, statusOf, pass } = await comparisonBed()
    expect(await statusOf(mint())).toBe(200)
    issuer.fail('jwks', { status: 200, body: issuer.jwks() })
    issuer.addKey({ use: true })
    const token = mint()
    expect(await statusOf(token)).toBe(401)
    issuer.heal()
    pass(10)
    return (await statusOf(token)) === 200 ? 'accepted 10 s later' : 'refused'
  },
  'a key is withdrawn after its token was accepted': async () => {
    const { issuer, mint, statusOf, pass } = await comparisonBed()
    const token = mint()
    expect(await statusOf(token)).toBe(200)
    issuer.rotateKeys()
    pass(600)
    return `${await statusOf(token)} from the next refresh of the keys on`
  },
  'one key of the set is malformed': async () => {
    const { issuer, mint, statusOf } = await comparisonBed()
    const token = mint()
    const malformed = { kty: 'RSA', kid: 1, n: 2, e: 'AQAB' }
    issuer.fail('jwks', { status: 200, body: { keys: [malformed, null, ...issuer.jwks().keys] } })
    return (await statusOf(token)) === 200 ? 'the others work' : 'refused'
  },
  'a token without `exp`': () => lone({ expiresIn: null }),
  'a maximum age, a token without `iat`': () => lone({ claims: { iat: undefined } }, { maxTokenAge: '1h' }),
  'an `iat` 50 minutes in the future': () => lone({ age: '-50m' }, { maxTokenAge: '1h' }),
  'a good token in the query string': async () => {
    const { mint, statusOf } = await comparisonBed()
    return String(await statusOf(undefined, `http://api.test/orders?access_token=${mint()}`))
  },
}

describe('how it compares, in the README', () => {
  const rows = rowsOf(sectionOf(readPaper('README.md'), 'How it compares'), 'situation')
  const ours = Object.keys(rows[0]!).find((heading) => heading.startsWith('m2m-guard'))!

  it('every row is asserted here, and no other', () => {
    expect(rows.map((row) => row['situation'])).toEqual(Object.keys(situations))
  })

  it('every row names what the others did, with their versions', () => {
    for (const row of rows) expect(row['others']).toMatch(/^[a-z0-9-]+ \d+\.\d+\.\d+.*: ./)
  })

  it.each(rows)('$situation', async (row) => {
    expect(await situations[row['situation']!]!()).toBe(row[ours])
  })
})
