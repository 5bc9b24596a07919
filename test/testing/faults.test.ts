import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer, type Endpoint, type Fault, type TestIssuer } from '../../src/testing/index.js'
import { outcomeOf } from '../support/outcomes.js'
import { START } from '../support/clock.js'
import { freePort } from '../support/servers/free-port.js'
import { send } from '../support/servers/http.js'
import { startIssuer } from '../support/test-bed.js'

const keysAt = (issuer: TestIssuer): string => `${issuer.url}/jwks`

/** What a caller gets: the status and the text, or that there was no whole answer. */
async function got(url: string, init: RequestInit = {}): Promise<string> {
  try {
    const response = await fetch(url, init)
    return `${response.status} ${await response.text()}`
  } catch {
    return 'no response'
  }
}

describe('how an endpoint fails', () => {
  it.each<[string, Fault, (right: string) => string]>([
    ['a status', 503, () => '503 {"error":"test_fault"}'],
    ['a status below 400', { status: 203 }, (right) => `203 ${right}`],
    ['reset', 'reset', () => 'no response'],
    ['refuse', 'refuse', () => 'no response'],
    ['empty', 'empty', () => '200 '],
    ['html', 'html', () => '200 <!doctype html><title>Sign in</title><h1>Please sign in</h1>'],
    ['truncated', 'truncated', (right) => `200 ${right.slice(0, Math.ceil(right.length / 2))}`],
    ['redirect, followed', 'redirect', (right) => `200 ${right}`],
    ['a custom body', { status: 500, body: 'oops' }, () => '500 oops'],
    ['a custom body as JSON', { body: { keys: [] } }, () => '200 {"keys":[]}'],
    ['a late response', { delay: 1 }, (right) => `200 ${right}`],
    ['a response handler', (_request, response) => void response.writeHead(202).end('lie'), () => '202 lie'],
  ])('%s', async (_, how, expected) => {
    const issuer = await startIssuer()
    const right = await (await fetch(keysAt(issuer))).text()
    issuer.fail('jwks', how)
    expect(await got(keysAt(issuer))).toBe(expected(right))
    issuer.heal('jwks')
    expect(await got(keysAt(issuer))).toBe(`200 ${right}`)
  })

  it('redirect, not followed, is a 307 to the same endpoint', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', 'redirect')
    const answer = await fetch(keysAt(issuer), { redirect: 'manual' })
    expect(answer.status).toBe(307)
    expect(answer.headers.get('location')).toBe('/jwks?redirected=1')
  })

  it('custom headers replace those of the same name', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', { status: 429, headers: { 'Retry-After': '7', 'Content-Type': 'text/plain' } })
    const { status, headers } = await fetch(keysAt(issuer))
    expect([status, headers.get('retry-after'), headers.get('content-type')]).toEqual([
      429,
      '7',
      'text/plain',
    ])
  })

  it('hang never responds, so that the caller has to abort', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', 'hang')
    const giving = new AbortController()
    const gate = issuer.gate('jwks')
    const answer = got(keysAt(issuer), { signal: giving.signal })
    await gate.waiting
    gate.release()
    const quick = await got(`${issuer.url}/.well-known/openid-configuration`)
    expect(quick).toMatch(/^200 /)
    giving.abort()
    expect(await answer).toBe('no response')
  })

  it('hangHalfway sends the headers and half of the body', async () => {
    const issuer = await createTestIssuer({ clock: () => START })
    const right = await (await fetch(keysAt(issuer))).text()
    issuer.fail('jwks', 'hangHalfway')
    const half = Math.ceil(right.length / 2)
    const received = new Promise<string>((resolve, reject) => {
      get(keysAt(issuer), (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          // Nothing more will come, so this is where a test may end it.
          if (text.length >= half) void issuer.close()
        })
        response.on('error', () => {
          resolve(`${response.statusCode ?? 0} ${response.headers['content-length'] ?? ''} ${text}`)
        })
      }).on('error', reject)
    })
    expect(await received).toBe(`200 ${right.length} ${right.slice(0, half)}`)
  })
})

describe('duration and order of faults', () => {
  it('times limits the number of failures', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', { status: 500, times: 2 })
    const statuses = []
    for (let call = 0; call < 3; call += 1) statuses.push((await fetch(keysAt(issuer))).status)
    expect(statuses).toEqual([500, 500, 200])
  })

  it('a later fault replaces an earlier one, and a fault of one endpoint overrides that of all', async () => {
    const issuer = await startIssuer()
    const statuses = async (): Promise<readonly number[]> => [
      (await fetch(keysAt(issuer))).status,
      (await fetch(`${issuer.url}/.well-known/openid-configuration`)).status,
    ]
    issuer.fail('all', 500)
    issuer.fail('jwks', 501)
    issuer.fail('jwks', 502)
    expect(await statuses()).toEqual([502, 500])
    issuer.heal('jwks')
    expect(await statuses()).toEqual([500, 500])
    issuer.fail('jwks', 502)
    issuer.heal('all')
    expect(await statuses()).toEqual([200, 200])
  })
})

describe('a gate', () => {
  it('holds and counts calls until it is released, then lets later ones through', async () => {
    const issuer = await startIssuer()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock: () => START })
    const gate = issuer.gate('introspection')
    const token = issuer.mintOpaque()
    const verdicts = [verifier.verify(token), verifier.verify(token)].map(outcomeOf)
    await gate.waiting
    expect(issuer.calls.introspection).toBe(1)
    issuer.revoke(token)
    gate.release()
    // Judged when it was let go, not when it came.
    expect(await Promise.all(verdicts)).toEqual(['token_inactive', 'token_inactive'])
    expect(await outcomeOf(verifier.verify(issuer.mintOpaque()))).toBe('accepted')
  })

  it('does not hold other endpoints', async () => {
    const issuer = await startIssuer()
    const gate = issuer.gate('introspection')
    expect(await got(keysAt(issuer))).toMatch(/^200 /)
    gate.release()
  })
})

describe('call counts', () => {
  it('are per endpoint, live and resettable', async () => {
    const issuer = await startIssuer()
    const { calls, url, endpoints } = issuer
    const { projectId } = issuer.stytchProject
    const { serviceId } = issuer.authleteService
    const asked: readonly (readonly [Endpoint | 'unknown', string, 'GET' | 'POST'])[] = [
      ['discovery', `${url}/.well-known/openid-configuration`, 'GET'],
      ['discovery', `${url}/.well-known/oauth-authorization-server`, 'GET'],
      ['jwks', `${url}/jwks`, 'GET'],
      ['jwks', `${endpoints.clerk}/.well-known/jwks.json`, 'GET'],
      ['jwks', `${endpoints.stytch}/v1/sessions/jwks/${projectId}`, 'GET'],
      ['token', `${url}/token`, 'POST'],
      ['introspection', `${url}/introspect`, 'POST'],
      ['revocation', `${url}/revoke`, 'POST'],
      ['clerkVerify', `${endpoints.clerk}/v1/m2m_tokens/verify`, 'POST'],
      ['clerkTokens', `${endpoints.clerk}/m2m_tokens`, 'POST'],
      ['stytchToken', `${endpoints.stytch}/v1/public/${projectId}/oauth2/token`, 'POST'],
      ['authleteIntrospection', `${endpoints.authlete}/api/${serviceId}/auth/introspection`, 'POST'],
      ['unknown', `${url}/nowhere`, 'GET'],
    ]
    for (const [endpoint, address, method] of asked) {
      const before = calls[endpoint]
      await send(address, { method })
      expect([endpoint, calls[endpoint]]).toEqual([endpoint, before + 1])
    }
    expect(calls.total).toBe(asked.length)
    issuer.resetCalls()
    expect(Object.values(calls).every((count) => count === 0)).toBe(true)
  })

  it('include calls that fail', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', 'reset')
    await got(keysAt(issuer))
    expect(issuer.calls).toMatchObject({ jwks: 1, total: 1 })
  })
})

describe('close', () => {
  it.each<[string, (issuer: TestIssuer) => void]>([
    ['hang', (issuer) => issuer.fail('jwks', 'hang')],
    ['wait long', (issuer) => issuer.fail('jwks', { delay: 600_000 })],
    ['are held at a gate', () => undefined],
  ])('ends calls that %s', async (name, arrange) => {
    const issuer = await createTestIssuer({ clock: () => START })
    arrange(issuer)
    const gate = issuer.gate('jwks')
    const answer = got(keysAt(issuer))
    await gate.waiting
    if (name !== 'are held at a gate') gate.release()
    await issuer.close()
    expect(await answer).toBe('no response')
  })

  it('may be called twice, and frees both ports', async () => {
    const [port, stytchPort] = [await freePort(), await freePort()]
    const issuer = await createTestIssuer({ clock: () => START, port, stytchPort })
    await Promise.all([issuer.close(), issuer.close()])
    await issuer.close()
    expect(await got(keysAt(issuer))).toBe('no response')
    const again = await createTestIssuer({ port, stytchPort })
    expect([again.url, again.endpoints.stytch]).toEqual([issuer.url, issuer.endpoints.stytch])
    await again[Symbol.asyncDispose]()
    expect(await got(keysAt(again))).toBe('no response')
  })
  it('is not needed if a port is in use: creation fails, and nothing is left running', async () => {
    const issuer = await startIssuer()
    const port = await freePort()
    const stytchPort = Number(new URL(issuer.endpoints.stytch).port)
    await expect(createTestIssuer({ port, stytchPort })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const again = await createTestIssuer({ port })
    await again.close()
  })
})
