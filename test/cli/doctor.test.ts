import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { describe, expect, it, onTestFinished } from 'vitest'
import { guard } from '../../adapters/express.js'
import { redisRevocations } from '../../adapters/redis.js'
import { clerk, memoryRevocations, oauth, type Verifier } from '../../src/index.js'
import { checkClock } from '../../src/cli/doctor/document-checks.js'
import { inspectIssuer } from '../../src/cli/doctor/inspected-issuer.js'
import { checkNode } from '../../src/cli/doctor/node-check.js'
import { challengesIn } from '../../src/cli/doctor/route-checks.js'
import type { DoctorContext } from '../../src/cli/doctor/context.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { jsonOf, runWith, type Result, type RunOptions } from '../support/cli.js'
import { systemClock } from '../support/clock.js'
import { testBed, type TestBed, type TestBedOptions } from '../support/test-bed.js'

interface Line {
  readonly check: string
  readonly issuer: string | null
  readonly result: string
  readonly detail: string
  readonly advice: string | null
}

interface DoctorBed extends TestBed {
  readonly doctor: (args?: readonly string[], options?: RunOptions) => Promise<Result>
  /** The findings of a check. */
  readonly findings: (check: string, args?: readonly string[], exports?: object) => Promise<readonly Line[]>
}

/** A bed in real time, because the issuer sends the real `Date`. */
async function doctorBed(options: TestBedOptions = {}): Promise<DoctorBed> {
  const bed = await testBed({ clock: systemClock, ...options })
  const doctor: DoctorBed['doctor'] = (args = [], more = {}) =>
    runWith(['doctor', '--config', './auth.mjs', ...args], { config: { verifier: bed.verifier }, ...more })
  return {
    ...bed,
    doctor,
    findings: async (check, args = [], exports = {}) => {
      const config = { verifier: bed.verifier, ...exports }
      const { checks } = jsonOf(await doctor([...args, '--json'], { config })) as { checks: readonly Line[] }
      return checks.filter((line) => line.check === check)
    },
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
}

/** An API with a guarded route. */
function guardedRoute(verifier: Verifier, options: { readonly header?: string } = {}): Promise<string> {
  const app = express()
  app.use(guard(verifier, {}, options))
  app.get('/orders', (_request, response) => void response.json([]))
  return listening(createServer(app))
}

function route(
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Promise<string> {
  return listening(
    createServer((_request, response) => {
      response.writeHead(status, headers as Record<string, string | string[]>).end('{}')
    }),
  )
}

it('--header, or the export header of the config, names the header whose token must arrive', async () => {
  const { verifier, findings } = await doctorBed()
  const url = await guardedRoute(verifier, { header: 'X-Token' })
  expect(await findings('header', ['--url', url])).toMatchObject([
    { result: 'failed', advice: expect.stringContaining('set --header to that name') as string },
  ])
  expect(await findings('header', ['--url', url, '--header', 'X-Token'])).toMatchObject([
    { result: 'passed' },
  ])
  expect(await findings('header', ['--url', url], { header: 'x-token' })).toMatchObject([
    { result: 'passed' },
  ])
})

describe('m2m-guard doctor', () => {
  it('exits with 0 if nothing fails, and prints one line per check', async () => {
    const { doctor, verifier } = await doctorBed()
    const result = await doctor(['--url', await guardedRoute(verifier)])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const marks = result.stdout
      .split('\n\n')[0]!
      .split('\n')
      .filter((line) => !line.includes('What to do:'))
    expect(marks.map((line) => line.slice(0, 14).trimEnd())).toEqual([
      expect.stringMatching(/^[✔!] node$/),
      '✔ discovery',
      '✔ content type',
      '✔ keys',
      expect.stringMatching(/^✔ key cache$/),
      '✔ clock',
      '✔ credentials',
      '· scopes',
      '· revocations',
      '✔ open route',
      '✔ challenge',
      '✔ no store',
      '✔ header',
    ])
    expect(result.stdout).toMatch(/\nResult: 0 failures, \d warnings?\n$/)
  })

  it('exits with 1 if a check fails, and every failure says what to do', async () => {
    const { doctor, issuer } = await doctorBed()
    issuer.fail('jwks', 'html')
    const result = await doctor()
    expect(result.code).toBe(1)
    expect(result.stdout).toMatch(/\n✗ keys .*\n +What to do: Check that the URL is that of the issuer/)
    const { checks } = jsonOf(await doctor(['--json'])) as { checks: readonly Line[] }
    for (const { result: found, advice } of checks) {
      if (found === 'failed' || found === 'warning') expect(advice).toMatch(/^[A-Z].*[^.]\.$/)
      else expect(advice).toBeNull()
    }
  })

  it.each<[args: readonly string[], message: string, config?: unknown]>([
    [[], '--config is required'],
    [['--config', 'x'], 'must export a verifier', {}],
    [['--config', 'x', '--url', 'orders.internal'], '--url: must be an absolute'],
    [['--config', 'x', 'more'], 'accepts options only'],
    [['--config', 'x', '--token', 'y'], '--token is not an option'],
  ])('exits with 64 for %j', async (args, message, config) => {
    const result = await runWith(['doctor', ...args], { config })
    expect(result).toMatchObject({ code: 64, stdout: '' })
    expect(result.stderr).toContain(message)
  })

  it('has colors only on a terminal that shows them', async () => {
    const { doctor } = await doctorBed()
    expect((await doctor()).stdout).not.toContain('\x1b')
    expect((await doctor([], { hasColors: true })).stdout).toContain('\x1b[32m✔ discovery')
  })

  it('names the issuer in each line if there are several', async () => {
    const { doctor, issuer } = await doctorBed({
      issuers: (by) => [oauth(by.oauth()), clerk(by.clerk({ jwtAccess: false }))],
    })
    const { stdout } = await doctor()
    expect(stdout).toContain(`✔ credentials   ${issuer.url}: the issuer accepts our credentials`)
  })
})

describe('discovery', () => {
  it('fails for the document of another issuer, and quotes both', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', { body: { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/jwks` } })
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed', issuer: issuer.url })
    expect(line!.detail).toContain(`${issuer.url}/"`)
  })

  it('fails for a redirect, and names its target', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', { status: 302, headers: { location: '/login?secret=1' } })
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.detail).toMatch(/status 302 .*, which redirects to http:.*\/login$/)
    expect(line!.advice).toMatch(/^Redirects are not followed/)
  })

  it('fails if the issuer does not respond, and names the URL', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', 'refuse')
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.detail).toContain(` from ${issuer.url}/.well-known/`)
  })

  it('is skipped if all URLs are configured', async () => {
    const { findings } = await doctorBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, introspection: undefined }))],
    })
    expect(await findings('discovery')).toMatchObject([{ result: 'skipped' }])
    expect(await findings('keys')).toMatchObject([{ result: 'passed' }])
  })
})

describe('content_type', () => {
  it('warns of another media type than JSON', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { headers: { 'content-type': 'text/plain' } })
    const [line] = await findings('content_type')
    expect(line).toMatchObject({ result: 'warning' })
    expect(line!.detail).toMatch(/\/jwks is "text\/plain"$/)
  })
})

describe('keys', () => {
  it('counts the keys, and says why the others are unusable', async () => {
    const { findings, issuer } = await doctorBed()
    const jwks = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: readonly object[] }
    const rsa = { kty: 'RSA', n: 'AQAB', e: 'AQAB' }
    issuer.fail('jwks', {
      body: {
        keys: [
          ...jwks.keys,
          { ...rsa, kid: 'weak' },
          { ...rsa, kid: 'enc', use: 'enc' },
          { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' },
        ],
      },
    })
    const [line] = await findings('keys')
    expect(line).toMatchObject({ result: 'passed' })
    const { detail } = line!
    expect(detail).toContain(`lists ${jwks.keys.length + 3} keys, ${jwks.keys.length} usable`)
    expect(detail).toContain('the key "weak" is not used: it is too weak, or too large')
    expect(detail).toContain('the key "enc" is not used: its use is not sig')
    expect(detail).toContain(
      'the key "symmetric" is not used: it contains members of a private or symmetric key',
    )
    expect(detail).not.toContain('c2VjcmV0')
  })

  it('fails if no key is usable', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { body: { keys: [] } })
    expect(await findings('keys')).toMatchObject([{ result: 'failed' }])
  })

  it('counts configured keys', async () => {
    const { issuer } = await doctorBed()
    const jwks = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: readonly object[] }
    const { findings } = await doctorBed({
      issuers: (by) => [oauth({ ...by.oauth({ introspection: undefined }), jwks })],
    })
    expect((await findings('keys'))[0]).toMatchObject({ result: 'passed' })
  })
})

describe('key_cache', () => {
  it.each([
    ['no-store', 'warning'],
    ['max-age=5', 'warning'],
    ['max-age=600', 'passed'],
  ])('Cache-Control: %s: %s', async (control, result) => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { headers: { 'cache-control': control } })
    expect(await findings('key_cache')).toMatchObject([{ result }])
  })
})

describe('clock', () => {
  const NOW = Date.UTC(2026, 10, 21, 8)

  it.each([
    [
      60,
      'failed',
      'the clock of this machine is 60 s behind the clock of the issuer, and clockTolerance is 5 s',
    ],
    [
      -60,
      'failed',
      'the clock of this machine is 60 s ahead of the clock of the issuer, and clockTolerance is 5 s',
    ],
    [6, 'passed', 'the clocks differ by less than clockTolerance (5 s) and 1 s'],
    [undefined, 'skipped', 'no response has a Date header'],
  ])('a Date header %s s ahead: %s', async (seconds, result, detail) => {
    const headers = seconds === undefined ? {} : { date: new Date(NOW + seconds * 1000).toUTCString() }
    const issuer = oauth({
      issuer: 'https://auth.example.com',
      audience: 'https://orders.internal',
      jwksUri: 'https://auth.example.com/jwks',
      fetch: () => Promise.resolve(Response.json({ keys: [] }, { headers })),
    })
    const issuers = [await inspectIssuer(issuer, () => NOW)]
    expect(checkClock({ issuers, toleranceSeconds: 5 } as unknown as DoctorContext)).toMatchObject([
      { result, detail },
    ])
  })
})

describe('credentials', () => {
  it('fails if the issuer rejects them, with the advice to correct them', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('introspection', 401)
    const [line] = await findings('credentials')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.advice).toMatch(/^Correct the credentials/)
  })

  it('fails if the issuer does not respond', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('introspection', 'refuse')
    expect(await findings('credentials')).toMatchObject([{ result: 'failed' }])
  })

  it('fails if the issuer confirms a random token', async () => {
    const { findings, issuer } = await doctorBed()
    const exp = Math.floor(Date.now() / 1000) + 600
    issuer.fail('introspection', { body: { active: true, sub: 'x', aud: 'https://api.test', exp } })
    const [line] = await findings('credentials')
    expect(line).toMatchObject({ result: 'failed', detail: 'the issuer confirms a random token as active' })
  })

  it('emits no decision event', async () => {
    const { findings, events } = await doctorBed()
    await findings('credentials')
    expect(events).toEqual([])
  })

  it.each<[name: string, issuers: NonNullable<TestBedOptions['issuers']>]>([
    ['clerk', (by: TestIssuer) => [clerk(by.clerk({ jwtAccess: false }))]],
    [
      'JWTs that are introspected',
      (by) => {
        const options = by.oauth()
        return [
          oauth({
            ...options,
            keys: false,
            introspection: { ...options.introspection!, jwts: true },
          } as never),
        ]
      },
    ],
  ])('are checked for %s', async (_, issuers) => {
    const { findings } = await doctorBed({ issuers })
    expect(await findings('credentials')).toMatchObject([{ result: 'passed' }])
  })
})

describe('scopes', () => {
  const withScopes = async (): Promise<DoctorBed> => {
    const bed = await doctorBed({ policy: { scopes: 'orders:read' } })
    const document = (await (
      await fetch(`${bed.issuer.url}/.well-known/openid-configuration`)
    ).json()) as object
    bed.issuer.fail('discovery', { body: { ...document, scopes_supported: ['orders:read', 'orders:write'] } })
    return bed
  }

  it('pass if the issuer offers the scopes of the verifier and of the export policies', async () => {
    const { findings } = await withScopes()
    const policies = { write: { scopes: 'orders:write' } }
    expect(await findings('scopes', [], { policies })).toMatchObject([{ result: 'passed' }])
  })

  it('warn of a scope that the issuer does not offer', async () => {
    const { findings } = await withScopes()
    const [line] = await findings('scopes', [], { policies: [{ scopes: 'order:delete' }] })
    expect(line).toMatchObject({ result: 'warning' })
    expect(line!.detail).toContain('lacks ["order:delete"]')
  })

  it('are skipped if the issuer publishes none', async () => {
    const { findings } = await doctorBed({ policy: { scopes: 'a' } })
    expect(await findings('scopes')).toMatchObject([{ result: 'skipped' }])
  })
})

describe('a guarded route', () => {
  it.each<
    [name: string, check: string, result: string, status: number, headers?: Parameters<typeof route>[1]]
  >([
    ['an open route', 'open_route', 'failed', 200],
    ['a login page', 'open_route', 'failed', 302],
    ['no route', 'open_route', 'warning', 404],
    ['a failing service', 'open_route', 'failed', 500],
    ['no challenge', 'challenge', 'failed', 401],
    [
      'two challenges',
      'challenge',
      'failed',
      401,
      { 'www-authenticate': ['Bearer', 'Basic realm="x, y z"'] },
    ],
    [
      'one challenge',
      'challenge',
      'passed',
      401,
      { 'www-authenticate': 'Bearer realm="api", error="x, Basic y=1"' },
    ],
    ['a response that may be cached', 'no_store', 'failed', 401, { 'cache-control': 'max-age=60' }],
    ['a response that must not be cached', 'no_store', 'passed', 401, { 'cache-control': 'no-store' }],
    [
      'a proxy that removes the header',
      'header',
      'failed',
      401,
      { 'www-authenticate': 'Bearer realm="api"' },
    ],
    ['a route that accepts any token', 'header', 'failed', 200],
    ['a guard that cannot check', 'header', 'passed', 503],
  ])('%s: %s %s', async (_, check, result, status, headers = {}) => {
    const { findings } = await doctorBed()
    expect(await findings(check, ['--url', await route(status, headers)])).toMatchObject([{ result }])
  })

  it('that cannot be reached is a failure', async () => {
    const { findings } = await doctorBed()
    const server = createServer()
    const url = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await findings('open_route', ['--url', url])).toMatchObject([{ result: 'failed' }])
  })

  it.each<[value: string, schemes: readonly string[]]>([
    ['', []],
    ['Bearer', ['Bearer']],
    ['Bearer realm="api", error="invalid_token"', ['Bearer']],
    ['Bearer realm="a", Basic realm="b"', ['Bearer', 'Basic']],
    ['Negotiate, Bearer realm="a, b=c"', ['Negotiate', 'Bearer']],
    ['Bearer, Bearer', ['Bearer', 'Bearer']],
  ])('the challenges in %j are %j', (value, schemes) => {
    expect(challengesIn(value)).toEqual(schemes)
  })
})

describe('node', () => {
  it.each([
    ['18.20.0', 'failed'],
    ['20.18.0', 'failed'],
    ['20.19.0', 'warning'],
    ['22.12.0', 'passed'],
    ['23.0.0', 'warning'],
  ])('%s: %s', (nodeVersion, result) => {
    const now = () => Date.UTC(2026, 10, 30)
    expect(checkNode({ nodeVersion, now })).toMatchObject([{ result }])
  })
})

describe('revocations', () => {
  const bedWith = (call: () => Promise<unknown>): Promise<DoctorBed> =>
    doctorBed({ revocations: redisRevocations({ client: { call }, onEvent: () => undefined }) })

  it('fails if the client of the store is not connected', async () => {
    const bed = await bedWith(() => Promise.reject(new Error('The client is closed')))
    expect(await bed.findings('revocations')).toMatchObject([
      {
        result: 'failed',
        detail: 'the revocations cannot be read: The client is closed',
        advice: expect.stringContaining('await client.connect()') as string,
      },
    ])
  })

  it('passes with the number of entries and the age of the reading', async () => {
    const bed = await doctorBed({ revocations: memoryRevocations() })
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'a' })
    const [finding] = await bed.findings('revocations')
    expect(finding).toMatchObject({ result: 'passed', issuer: null })
    expect(finding!.detail).toMatch(/^1 entry, read \d\.\d s ago$/)
  })
})
