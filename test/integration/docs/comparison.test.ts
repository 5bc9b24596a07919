import { describe, expect, it } from 'vitest'
import { guard } from '../../../adapters/fetch.js'
import type { Policy } from '../../../src/index.js'
import type { MintJwtOptions, TestIssuer } from '../../../src/testing/index.js'
import { jwksBed } from '../../support/test-bed.js'
import { readPaper, rowsOf, sectionOf } from './programs/support.js'

/** A guard with a configured key set URL, like the other packages in the comparison. */
interface ComparisonBed {
  readonly issuer: TestIssuer
  readonly pass: (seconds: number) => void
  readonly mint: (options?: MintJwtOptions) => string
  readonly ask: (token: string | undefined, url?: string) => Promise<Response | 'accepted'>
  /** The response status; 200 for an accepted request. */
  readonly statusOf: (token: string | undefined, url?: string) => Promise<number>
}

async function comparisonBed(policy: Policy = {}): Promise<ComparisonBed> {
  const { issuer, verifier, pass } = await jwksBed()
  const authorize = guard(verifier, policy)
  const ask: ComparisonBed['ask'] = async (token, url = 'http://api.test/orders') => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const result = await authorize(new Request(url, { headers }))
    return result instanceof Response ? result : 'accepted'
  }
  return {
    issuer,
    pass,
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

async function unknownKeyIds({ mint, statusOf }: ComparisonBed, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1)
    expect(await statusOf(mint({ header: { kid: `unknown-${count}-${index}` } }))).toBe(401)
}

const lone = async (options: MintJwtOptions, policy?: Policy): Promise<string> => {
  const { mint, statusOf } = await comparisonBed(policy)
  expect(await statusOf(mint())).toBe(200)
  return String(await statusOf(mint(options)))
}

/** For each situation of the table: the result of m2m-guard, as the table states it. */
const situations: Readonly<Record<string, () => Promise<string>>> = {
  'cold start, key server failing, 10 valid tokens': async () => {
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
  'keys past their lifetime, key server failing, 10 valid tokens in a row': async () => {
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
    return `${good} accepted, ${asked}; ${await bed.statusOf(bed.mint())} an hour after the last successful fetch`
  },
  '10 requests, 10 valid tokens, key server healthy': async () => {
    const bed = await comparisonBed()
    expect(await accepted(bed, 10)).toBe(10)
    return calls(bed.issuer.calls.total)
  },
  '20 unknown key ids': async () => {
    const bed = await comparisonBed()
    await unknownKeyIds(bed, 1)
    expect(bed.issuer.calls.total).toBe(1)
    await unknownKeyIds(bed, 19)
    return `${calls(bed.issuer.calls.total)}, the first to load the keys`
  },
  '12 unknown key ids, then a valid token': async () => {
    const bed = await comparisonBed()
    await unknownKeyIds(bed, 12)
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
  'a key is removed after its token was accepted': async () => {
    const { issuer, mint, statusOf, pass } = await comparisonBed()
    const token = mint()
    expect(await statusOf(token)).toBe(200)
    issuer.rotateKeys()
    pass(600)
    return `${await statusOf(token)} after the next refresh of the keys`
  },
  'one key of the key set is malformed': async () => {
    const { issuer, mint, statusOf } = await comparisonBed()
    const token = mint()
    const malformed = { kty: 'RSA', kid: 1, n: 2, e: 'AQAB' }
    issuer.fail('jwks', { status: 200, body: { keys: [malformed, null, ...issuer.jwks().keys] } })
    return (await statusOf(token)) === 200 ? 'the others are used' : 'refused'
  },
  'a token without `exp`': () => lone({ expiresIn: null }),
  'a token without `iat`, with a maximum age': () =>
    lone({ claims: { iat: undefined } }, { maxTokenAge: '1h' }),
  'an `iat` 50 minutes in the future': () => lone({ age: '-50m' }, { maxTokenAge: '1h' }),
  'a valid token in the query string': async () => {
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
