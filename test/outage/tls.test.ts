import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { selfSigned } from '../support/servers/certificate.js'
import { undecidable } from './support.js'
import { answerTo } from '../support/outcomes.js'
import { jwksBed } from '../support/test-bed.js'

describe('TLS', () => {
  const DAY = 86_400_000
  it.each([
    ['self-signed', 'localhost', -DAY, DAY],
    ['self-signed and expired', 'localhost', -2 * DAY, -DAY],
    ['self-signed and of another name', 'other.example', -DAY, DAY],
  ])('F15 a certificate that is %s is refused: undecidable', async (_, name, from, to) => {
    const now = Date.now()
    const calls: string[] = []
    const server = createServer(
      selfSigned(name, new Date(now + from), new Date(now + to)),
      (request, response) => {
        calls.push(request.url ?? '')
        response.end('{"keys":[]}')
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const jwksUri = `https://localhost:${(server.address() as AddressInfo).port}/jwks`
    const { issuer, jwt } = await jwksBed()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ jwksUri }))] })
    expect(await answerTo(verifier, jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(calls).toEqual([])
    expect(verifier.health().issuers[0]?.keys?.failure).toMatch(
      /^no response \((DEPTH_ZERO_SELF_SIGNED|CERT_HAS_EXPIRED|ERR_TLS)/,
    )
  })
})
