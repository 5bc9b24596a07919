import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, type Issuer } from '../../src/index.js'
import type { Endpoint, FaultHandler, TestIssuer } from '../../src/testing/index.js'
import { decodeJwt } from '../../src/jwt/decode.js'
import { passDeadlines } from '../support/setup/deadlines.js'
import { hang, says } from '../support/servers/misbehaviours.js'
import { introspectionBed, testBed, type TestBed } from '../support/test-bed.js'
import { until } from '../support/until.js'

describe('the probe', () => {
  const askedAbout = async (
    endpoint: Endpoint,
    make: (by: TestIssuer) => Issuer,
    token: string,
    read: (body: string) => string | null,
  ): Promise<readonly string[]> => {
    const bed = await testBed({ issuers: (by) => [make(by)] })
    const tokens: string[] = []
    bed.issuer.fail(endpoint, (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        tokens.push(read(body) ?? '')
        response.writeHead(500).end()
      })
    })
    await bed.outcome(token)
    return tokens
  }
  const ofForm = (body: string): string | null => new URLSearchParams(body).get('token')
  const ofJson = (body: string): string => (JSON.parse(body) as { token: string }).token
  const introspection = (by: TestIssuer, opaquePrefix?: string): Issuer => {
    const { clientId, clientSecret } = by.client
    const endpoint = `${by.url}/introspect`
    return oauth(
      by.oauth({
        introspection: { clientId, clientSecret, endpoint, ...(opaquePrefix && { opaquePrefix }) },
      }),
    )
  }

  it.each<[string, Endpoint, (by: TestIssuer) => Issuer, string, (body: string) => string | null, RegExp]>([
    ['oauth', 'introspection', (by) => introspection(by), 'odd', ofForm, /^[0-9a-f]{64}$/],
    ['a prefix', 'introspection', (by) => introspection(by, 'ref_'), 'ref_odd', ofForm, /^ref_[0-9a-f]{64}$/],
    ['clerk', 'clerkVerify', (by) => clerk(by.clerk()), 'mt_odd', ofJson, /^mt_[0-9a-f]{64}$/],
    ['authlete', 'authleteIntrospection', (by) => authlete(by.authlete()), 'odd', ofJson, /^[0-9a-f]{64}$/],
  ])('has the form of an opaque token of its issuer: %s', async (_, endpoint, make, token, read, form) => {
    const tokens = await askedAbout(endpoint, make, token, read)
    expect(tokens).toEqual([token, expect.stringMatching(form)])
  })

  it.each<[string, boolean, number]>([
    // A second probe follows, with an opaque token.
    ['that the issuer introspects', true, 3],
    ['that is confirmed', false, 2],
  ])('is a well-formed JWT of the issuer after a call for a JWT %s', async (_, jwts, calls) => {
    const bed = await testBed({
      policy: { confirmAfter: 0 },
      issuers: (by) => {
        const { clientId, clientSecret } = by.client
        return [
          oauth(
            by.oauth({ introspection: { clientId, clientSecret, endpoint: `${by.url}/introspect`, jwts } }),
          ),
        ]
      },
    })
    const tokens: string[] = []
    bed.issuer.fail('introspection', (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        tokens.push(ofForm(body) ?? '')
        response.writeHead(500).end()
      })
    })
    await bed.outcome(bed.jwt())
    expect(tokens).toHaveLength(calls)
    const probe = decodeJwt(tokens[1]!)
    expect(probe?.header).toEqual({ alg: 'RS256', kid: expect.any(String) as unknown })
    expect(probe?.claims).toEqual({
      iss: decodeJwt(tokens[0]!)?.claims['iss'],
      jti: expect.any(String) as unknown,
    })
    expect(tokens[1]).not.toBe(tokens[0])
  })

  it('is opaque after a JWT that was not verified, because an issuer may respond 500 to every forged JWT', async () => {
    const bed = await introspectedJwts()
    const { jwt } = bed
    const valid = jwt()
    bed.issuer.fail('introspection', respondTo(valid))
    for (let forged = 0; forged < 25; forged += 1) {
      expect(await bed.outcome(jwt())).toBe('issuer_unavailable')
    }
    expect(await bed.outcome(valid)).toBe('accepted')
    expect(bed.health().remote).toMatchObject({ status: 'ok', breaker: 'closed' })
    expect(bed.issuerEvents).toEqual([])
  })

  it('does not keep the circuit closed if it gets an error response too, whatever the status', async () => {
    const bed = await introspectedJwts()
    bed.issuer.fail('introspection', (request, response) => {
      void formOf(request).then((token) => response.writeHead(token.includes('.') ? 500 : 400).end())
    })
    for (let failure = 1; failure <= 5; failure += 1) await bed.outcome(bed.jwt())
    expect(bed.health().remote).toMatchObject({ status: 'down', breaker: 'open' })
  })

  it('does not delay its caller beyond the deadline of a call, and still counts', async () => {
    const bed = await introspectionBed({ deadline: 10, breakerAfter: 1 })
    const { issuer, answer, opaque, health } = bed
    let calls = 0
    issuer.fail('introspection', (request, response) => {
      calls += 1
      if (calls === 1) says(500, '')(request, response)
      else hang(request, response)
    })
    const told = answer(opaque())
    await until(() => calls === 2)
    passDeadlines(10)
    expect(await told).toMatchObject({ status: 503, reason: 'issuer_unavailable' })
    await until(() => health().remote?.breaker === 'open')
  })
})

/** A verifier that introspects the JWTs of the test issuer. */
function introspectedJwts(): Promise<TestBed> {
  return testBed({
    issuers: (by) => {
      const { clientId, clientSecret } = by.client
      const introspection = { clientId, clientSecret, endpoint: `${by.url}/introspect`, jwts: true }
      return [oauth(by.oauth({ introspection }))]
    },
  })
}

/** Responds 500 to every JWT but one, and says that opaque tokens are inactive. */
function respondTo(valid: string): FaultHandler {
  return (request, response) => {
    void formOf(request).then((token) => {
      if (token.includes('.') && token !== valid) {
        response.writeHead(500).end()
        return
      }
      const active = { active: true, sub: 'billing', aud: 'https://api.test' }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(token === valid ? active : { active: false }))
    })
  }
}

async function formOf(request: Parameters<FaultHandler>[0]): Promise<string> {
  return new URLSearchParams(await text(request)).get('token') ?? ''
}
