import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createSigningKey, signJwt, type SigningKey } from '../../src/testing/state/signing-keys.js'
import type { FaultHandler } from '../../src/testing/index.js'
import { selfSigned } from '../../test/support/servers/certificate.js'
import { close, listen } from '../../test/support/servers/listen.js'
import { claimsOf, issuanceOf } from '../support/tokens.js'

/** Created once, because creating an RSA key takes long. Every package in this benchmark supports RS256. */
export const oldKey = createSigningKey('old', 'RS256', {})
export const newKey = createSigningKey('new', 'RS256', {})

const DAY = 86_400_000
const certificate = selfSigned('localhost', new Date(Date.now() - DAY), new Date(Date.now() + DAY))

export type KeyServer = Awaited<ReturnType<typeof startKeyServer>>

/** Starts a key server that fails on demand and counts the requests. */
export async function startKeyServer() {
  let published: readonly SigningKey[] = [oldKey]
  let fault: FaultHandler | undefined
  let calls = 0
  const good = (): string => JSON.stringify({ keys: published.map(({ jwk }) => jwk) })
  const listener: RequestListener = (request, response) => {
    calls += 1
    // The target of a redirect serves the keys, so that a followed redirect differs from a failure.
    if (fault !== undefined && request.url?.includes('redirected') !== true) fault(request, response)
    else response.writeHead(200, { 'content-type': 'application/json' }).end(good())
  }
  const [plain, secure] = [createServer(listener), createSecureServer(certificate, listener)]
  const issuer = `http://127.0.0.1:${await listen(plain)}`
  return {
    issuance: issuanceOf(issuer, `${issuer}/jwks`, oldKey),
    // The same keys over TLS, and the certificate to trust, for a package that requires TLS.
    secureJwksUri: `https://localhost:${await listen(secure)}/jwks`,
    ca: certificate.cert,
    calls: () => calls,
    publish(...keys: readonly SigningKey[]) {
      published = keys
    },
    good,
    /** Sets the fault. `undefined` ends it. */
    fail(how: FaultHandler | undefined) {
      fault = how
    },
    close() {
      void close(plain)
      void close(secure)
    },
  }
}

/** Mints a unique token, so that a token cache never hides a failure of the keys. */
export const mint = ({ issuance }: KeyServer, key: SigningKey): string =>
  signJwt(key, { alg: 'RS256', typ: 'at+jwt', kid: key.kid }, claimsOf(issuance.issuer))

/** A token with an unknown key id and without a valid signature. */
export function forge(keys: KeyServer): string {
  const [, claims = ''] = mint(keys, oldKey).split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: crypto.randomUUID() }))
  return `${header.toString('base64url')}.${claims}.${'A'.repeat(342)}`
}
