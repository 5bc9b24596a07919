import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { challengesIn } from '../../../src/cli/doctor/route-checks.js'
import { doctorBed, guardedRoute, listening } from './support.js'

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
