import type { Server } from 'node:http'
import * as current from '@hono/node-server'
import * as server113 from 'hono-node-server-1.13'
import * as server119 from 'hono-node-server-1.19'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { guard, protect, type FetchOnRefusal } from '../../../adapters/fetch.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { restorePlatformClasses } from '../../support/setup/platform-classes.js'
import { close, listen } from '../frameworks/server.js'
import { bearer, createIssuer, verifierFor } from '../support.js'
import { type Elsewhere, foreignResponses, NO_RESPONSES, startElsewhere } from './support.js'

const servers = [
  { name: '@hono/node-server 1.13', createServer: server113.createAdaptorServer },
  { name: '@hono/node-server 1.19', createServer: server119.createAdaptorServer },
  { name: '@hono/node-server 2', createServer: current.createAdaptorServer },
]

/** Guards a handler like an application in JavaScript. */
function application(
  onRefusal: FetchOnRefusal,
  form: 'guard' | 'protect',
): (request: Request) => Promise<Response> {
  const handler = () => new Response('secret')
  const verifier = verifierFor(issuer)
  if (form === 'protect') return protect(verifier, undefined, handler, { onRefusal })
  const authorize = guard(verifier, undefined, { onRefusal })
  return async (request) => {
    const token = await authorize(request)
    return token instanceof Response ? token : handler()
  }
}

afterEach(restorePlatformClasses)

let issuer: TestIssuer
let elsewhere: Elsewhere

beforeAll(async () => {
  issuer = await createIssuer()
  elsewhere = await startElsewhere()
})

afterAll(async () => {
  await elsewhere.close()
  await issuer.close()
})

describe.each(servers)('on $name', ({ createServer: create }) => {
  describe.each(['guard', 'protect'] as const)('with %s()', (form) => {
    it.each([...foreignResponses(() => elsewhere), ...NO_RESPONSES])(
      'a request without a token never reaches the handler when onRefusal returns $made',
      async ({ onRefusal, status, body }) => {
        // Created first, because it replaces the globals.
        const app: { answer?: (request: Request) => Promise<Response> } = {}
        const server = create({ fetch: (request: Request) => app.answer!(request) }) as Server
        onTestFinished(() => close(server))
        app.answer = application(onRefusal as FetchOnRefusal, form)
        const port = await listen(server)
        const response = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' })
        const text = await response.text()
        expect(text).not.toContain('secret')
        // If the global is not replaced, Response.error() is returned unchanged, and no server can send it.
        if (status === 'refusal' && response.status !== 500) {
          expect(response.status).toBe(401)
          expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
          expect(JSON.parse(text)).toMatchObject({ error: 'unauthorized' })
        } else if (status !== 'refusal') {
          expect(response.status).toBe(status)
          if (body !== undefined) expect(text).toBe(body)
        }
      },
    )

    it('a request with a token reaches the handler', async () => {
      const app: { answer?: (request: Request) => Promise<Response> } = {}
      const server = create({ fetch: (request: Request) => app.answer!(request) }) as Server
      onTestFinished(() => close(server))
      app.answer = application(() => Response.json({}), form)
      const port = await listen(server)
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: bearer(issuer.mintJwt()) })
      expect([response.status, await response.text()]).toEqual([200, 'secret'])
    })
  })
})
