import { describe, expect, it } from 'vitest'
import { createVerifier, oauth } from '../../../src/index.js'
import { tokenExchangeSource, tokenSource, type TokenSource } from '../../../src/client/index.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { jsonOf, runWith, type Result } from '../../support/cli.js'
import { systemClock } from '../../support/clock.js'

interface Line {
  readonly check: string
  readonly source: string | null
  readonly result: string
  readonly detail: string
  readonly advice: string | null
}

const AUDIENCE = 'https://orders.internal'

/** A calling service in real time, and the API that it calls. */
async function callerBed() {
  const bed = await clientBed({ clock: systemClock })
  const { issuer } = bed
  const guardFor = (audience: string) => ({
    verifier: createVerifier({ issuers: [oauth({ ...issuer.oauth(), audience })] }),
  })
  const doctor = (config: object, guard?: object): Promise<Result> =>
    runWith(['doctor', '--config', './caller.mjs', ...(guard ? ['--guard', './orders.mjs'] : []), '--json'], {
      load: (path) => Promise.resolve(path === './orders.mjs' ? guard : config),
    })
  const lines = async (config: object, guard?: object): Promise<readonly Line[]> => {
    const { checks } = jsonOf(await doctor(config, guard)) as { checks: readonly Line[] }
    return checks.filter(({ check }) => check.startsWith('token_'))
  }
  return { ...bed, guardFor, doctor, lines }
}

function sourceOf({ issuer }: Pick<ClientBed, 'issuer'>, extra: object = {}): TokenSource {
  const { clientId, clientSecret } = issuer.client
  return tokenSource({ issuer: issuer.url, clientId, clientSecret, resource: AUDIENCE, ...extra })
}

describe('m2m-guard doctor for a token source', () => {
  it('shows that the secret works, what the token contains, and that the guard accepts it', async () => {
    const { issuer, lines, guardFor } = await callerBed()
    const found = await lines({ source: sourceOf({ issuer }) }, guardFor(AUDIENCE))
    expect(found.map(({ check, result }) => [check, result])).toEqual([
      ['token_request', 'passed'],
      ['token_content', 'passed'],
      ['token_accepted', 'passed'],
    ])
    expect(found[0]!.detail).toMatch(/^the issuer issued a token within \d+ ms\. It expires in 3\d{3} s/)
    expect(found[1]!.detail).toContain(`iss "${issuer.url}", aud "${AUDIENCE}"`)
  })

  it('never prints the token', async () => {
    const { issuer, guardFor } = await callerBed()
    const source = sourceOf({ issuer })
    const seen: string[] = []
    const observed = {
      ...source,
      getTokenInfo: () => source.getTokenInfo().then((info) => (seen.push(info.token), info)),
    }
    const load = (path: string) =>
      Promise.resolve(path === 'o' ? guardFor('https://other.internal') : { source: observed })
    const { stdout, stderr } = await runWith(['doctor', '--config', 'c', '--guard', 'o'], { load })
    expect(seen).toHaveLength(1)
    for (const part of seen[0]!.split('.')) expect(stdout + stderr).not.toContain(part)
  })

  it('says what to do about a wrong secret and about an issuer that is away', async () => {
    const { issuer, lines, doctor } = await callerBed()
    const wrong = { source: sourceOf({ issuer }, { clientSecret: 'wrong-secret-value' }) }
    expect(await doctor(wrong)).toMatchObject({ code: 1 })
    const found = await lines({ source: sourceOf({ issuer }, { clientSecret: 'wrong-secret-value' }) })
    expect(found).toMatchObject([
      { result: 'failed', detail: expect.stringMatching(/^credentials_refused: /) as string },
      { result: 'skipped' },
      { result: 'skipped' },
    ])
    expect(found[0]!.advice).toContain('Has the secret expired')
    expect(JSON.stringify(found)).not.toContain('wrong-secret-value')
    const away = tokenSource({ tokenEndpoint: 'http://127.0.0.1:9/token', clientId: 'x', clientSecret: 'y' })
    expect(await lines({ source: away })).toMatchObject([
      { result: 'failed', detail: expect.stringContaining('issuer_unavailable') as string },
      {},
      {},
    ])
  })

  it('warns if the verifier of the same config refuses the token, and fails for that of --guard', async () => {
    const { issuer, lines, guardFor } = await callerBed()
    const other = 'https://billing.internal'
    const same = await lines({ source: sourceOf({ issuer }), ...guardFor(other) })
    expect(same[2]).toMatchObject({ check: 'token_accepted', result: 'warning' })
    expect(same[2]!.advice).toContain('set --guard')
    const named = await lines({ source: sourceOf({ issuer }) }, guardFor(other))
    expect(named[2]).toMatchObject({ result: 'failed' })
    expect(named[2]!.detail).toMatch(/^the verifier returns refused, audience_mismatch: /)
  })

  it('examines each of several sources by its name', async () => {
    const { issuer, lines } = await callerBed()
    const { clientId, clientSecret } = issuer.client
    const exchanging = tokenExchangeSource({ issuer: issuer.url, clientId, clientSecret })
    const found = await lines({ sources: { orders: sourceOf({ issuer }), exchanging } })
    expect(found.map(({ source, check, result }) => [source, check, result])).toEqual([
      ['orders', 'token_request', 'passed'],
      ['orders', 'token_content', 'passed'],
      ['orders', 'token_accepted', 'skipped'],
      ['exchanging', 'token_request', 'skipped'],
      ['exchanging', 'token_content', 'skipped'],
      ['exchanging', 'token_accepted', 'skipped'],
    ])
    expect(found[3]!.detail).toContain('subjectToken')
  })

  it.each<[config: object, args: readonly string[], message: string]>([
    [{}, [], 'export const source = tokenSource'],
    [{ source: {} }, [], 'the export source must be a token source'],
    [{ sources: [1] }, [], 'sources an object of token sources by name'],
    [{ sources: 'x' }, [], 'sources an object of token sources by name'],
  ])('exits with 64 for the exports %j', async (config, args, message) => {
    const result = await runWith(['doctor', '--config', 'x', ...args], { config })
    expect(result).toMatchObject({ code: 64, stdout: '' })
    expect(result.stderr).toContain(message)
  })

  it('exits with 64 for --url and --guard that nothing examines', async () => {
    const { issuer, verifier } = await callerBed()
    const url = await runWith(['doctor', '--config', 'x', '--url', 'https://a.internal'], {
      config: { source: sourceOf({ issuer }) },
    })
    expect(url).toMatchObject({ code: 64 })
    const guard = await runWith(['doctor', '--config', 'x', '--guard', 'y'], { config: { verifier } })
    expect(guard).toMatchObject({ code: 64 })
    expect(guard.stderr).toContain('--guard: requires a config that exports source or sources')
  })
})
