import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import { jsonOf, runWith } from '../../support/cli.js'
import { START } from '../../support/clock.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { until } from '../../support/until.js'
import { explainBed } from './support.js'

describe('the config', () => {
  const verifierOf = async (): Promise<{ verifier: Verifier; token: string }> => {
    const { verifier, jwt } = await explainBed()
    return { verifier, token: jwt() }
  }

  it.each<[form: string, wrap: (verifier: Verifier) => unknown]>([
    ['export const verifier', (verifier) => ({ verifier })],
    ['export default verifier', (verifier) => ({ default: verifier })],
    ['export default { verifier }', (verifier) => ({ default: { verifier } })],
  ])('%s', async (_, wrap) => {
    const { verifier, token } = await verifierOf()
    const args = ['explain', '-', '--config', 'x']
    expect((await runWith(args, { config: wrap(verifier), stdin: token })).code).toBe(0)
  })

  it('may be replaced by an issuer and an audience', async () => {
    const { issuer, jwt } = await explainBed()
    const token = jwt()
    const args = ['explain', '-', '--issuer', issuer.url, '--audience', 'https://api.test']
    const at = ['--at', '2026-11-21T08:10:00Z']
    expect(await runWith([...args, ...at], { stdin: token })).toMatchObject({ code: 0 })
  })
})

describe('--header', () => {
  const args = ['explain', '-', '--config', 'x']

  it.each(['T', 'cf-access-jwt-assertion: T', 'Cf-Access-Jwt-Assertion:T\r\n'])(
    'explains the token of that header, written as %j',
    async (form) => {
      const { explain, jwt } = await explainBed()
      const result = await explain(form.replace('T', jwt()), ['--header', 'CF-Access-Jwt-Assertion'])
      expect(result).toMatchObject({ code: 0, stderr: '' })
      expect(result.stdout).toMatch(/^✔ header +the cf-access-jwt-assertion header has a bare token; /)
    },
  )

  it('refuses a value with a scheme, as the guard does', async () => {
    const { explain, jwt } = await explainBed()
    const { code, stdout } = await explain(`Bearer ${jwt()}`, '--header x-token')
    expect(code).toBe(1)
    expect(stdout).toContain('reason token_malformed')
  })

  it('is that of the config, unless the command line names another', async () => {
    const { verifier, jwt } = await explainBed()
    const config = { verifier, header: 'X-Token' }
    const read = async (more: readonly string[] = []) =>
      (await runWith([...args, ...more], { config, stdin: jwt() })).stdout.split('\n', 1)[0]
    expect(await read()).toContain('the x-token header')
    expect(await read(['--header', 'x-other'])).toContain('the x-other header')
  })

  it.each<[unknown, readonly string[], string]>([
    [undefined, ['--header', 'authorization'], "--header: must not be 'authorization'"],
    [undefined, ['--header', 'a b'], '--header: must be the name of a header'],
    ['cookie', [], "--config: the export header must not be 'cookie'"],
    [7, [], '--config: the export header must be the name of a header'],
  ])('64: the export %j and %j', async (header, more, message) => {
    const { verifier } = await explainBed()
    const result = await runWith([...args, ...more], { config: { verifier, header }, stdin: 'x' })
    expect(result).toMatchObject({ code: 64, stdout: '' })
    expect(result.stderr).toContain(message)
  })
})

describe('a config that does not load', () => {
  const endless = () => new Promise<never>(() => undefined)
  const commands = [
    ['explain', '-', '--config', 'x'],
    ['doctor', '--config', 'x'],
  ]

  it.each(commands)('%s ends after 30 s with what to check', async (...args) => {
    const running = runWith(args, { stdin: 'x', load: endless })
    await until(() => runningDeadlines().length > 0)
    passDeadlines(30)
    const { code, stderr } = await running
    expect(code).toBe(64)
    expect(stderr).toMatch(/^--config: the module was not loaded after 30 s, .*such as Redis, is reachable/)
  })

  it.each(commands)('%s ends on the first Ctrl-C', async (...args) => {
    const interruption = new AbortController()
    const load = () => {
      interruption.abort(new Error('interrupted'))
      return endless()
    }
    const { signal } = interruption
    const result = await runWith(args, { stdin: 'x', load, signal })
    expect(result).toMatchObject({ code: 130, stdout: '', stderr: 'Interrupted\n' })
  })
})

describe('--at', () => {
  it('compares the times of the token with that time', async () => {
    const { issuer } = await explainBed()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ introspection: undefined }))] })
    const token = issuer.mintJwt({ algorithm: 'ES256' })
    const codeAt = async (at: string): Promise<number> => {
      const args = ['explain', '-', '--config', 'x', '--at', at]
      return (await runWith(args, { config: { verifier }, stdin: token })).code
    }
    expect(await codeAt('2026-11-21T08:30:00Z')).toBe(0)
    expect(await codeAt('2026-11-21T09:30:00Z')).toBe(1)
    expect(await codeAt('2026-11-21T07:30:00Z')).toBe(1)
  })
})

describe('--offline', () => {
  it('calls no issuer, skips the checks that need a call, and is undecidable', async () => {
    const { explain, jwt, issuer } = await explainBed()
    const result = await explain(jwt(), '--offline --json')
    expect(result.code).toBe(2)
    expect(issuer.calls.total).toBe(0)
    const { outcome, advice, steps } = jsonOf(result)
    expect([outcome, advice]).toEqual(['undecidable', 'Run the command without --offline.'])
    const results = Object.fromEntries(
      steps.map((step: { check: string; result: string }) => [step.check, step.result]),
    )
    expect(results).toMatchObject({ issuer: 'passed', type: 'passed', key: 'skipped', audience: 'skipped' })
    expect(Object.values(results)).not.toContain('failed')
  })

  it('skips the introspection of an opaque token', async () => {
    const { explain, opaque, issuer } = await explainBed({ issuers: (by) => [oauth(by.oauth())] })
    const result = await explain(opaque(), '--offline')
    expect(result.code).toBe(2)
    expect(result.stdout).toContain(
      '· introspection  the token must be introspected, and no issuer is called\n',
    )
    expect(issuer.calls.total).toBe(0)
  })

  it('refuses a token that needs no call to be refused', async () => {
    const { explain, jwt } = await explainBed()
    expect((await explain(jwt({ claims: { iss: 'https://other.example' } }), '--offline')).code).toBe(1)
  })

  it('decides completely with configured keys', async () => {
    const { issuer, jwt } = await explainBed()
    const token = jwt()
    const jwks = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: unknown[] }
    const { total } = issuer.calls
    const verifier = createVerifier({
      issuers: [oauth({ ...issuer.oauth({ introspection: undefined }), jwks })],
      clock: () => START,
    })
    const args = ['explain', '-', '--config', 'x', '--offline']
    expect((await runWith(args, { config: { verifier }, stdin: token })).code).toBe(0)
    expect(issuer.calls.total).toBe(total)
  })

  it('needs a verifier of this package', async () => {
    const { verifier } = await explainBed()
    const args = ['explain', '-', '--config', 'x', '--offline']
    const result = await runWith(args, { config: { verifier: { ...verifier } }, stdin: 'x' })
    expect(result.code).toBe(64)
    expect(result.stderr).toContain('not a wrapper of one')
  })
})
