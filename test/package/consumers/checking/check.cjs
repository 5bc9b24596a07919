'use strict'

const { generateKeyPairSync } = require('node:crypto')
const http = require('node:http')

const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

/** The longest deadline that can be set, so that a busy machine decides nothing. */
const deadline = '60s'

/** Uses everything that depends on how the package was loaded: every algorithm, jose, the client, a guard. */
exports.check = async function check({ root, client, express, testing }) {
  const issuer = await testing.createTestIssuer()
  const tokens = ALGORITHMS.map((algorithm) => issuer.mintJwt({ algorithm, scopes: 'orders:read' }))
  const verifierWith = (signatures) =>
    root.createVerifier({
      issuers: [root.oauth(issuer.oauth({ keys: { deadline }, remote: { deadline } }))],
      signatures,
    })
  const accepted = async (verifier) => {
    const decided = tokens.map((token) => verifier.verify(token, { scopes: 'orders:read' }))
    return (await Promise.all(decided)).length
  }
  const verifier = verifierWith('node')
  const result = {
    node: await accepted(verifier),
    jose: await accepted(verifierWith('jose')),
    refusal: await verifier
      .verify('no token')
      .catch((error) => error instanceof root.Refusal && error.reason),
    assertion: await obtainWithKey(issuer, client, verifier),
    responses: await respond(verifier, express, testing.asClient(verifier, { scopes: 'orders:read' })),
  }
  await issuer.close()
  return result
}

async function obtainWithKey(issuer, { tokenSource }, verifier) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const { clientId } = issuer.addClient({ publicKey })
  const authentication = 'private_key_jwt'
  const source = tokenSource({ issuer: issuer.url, clientId, authentication, privateKey, deadline })
  const token = await verifier.verify(await source.getToken())
  source.close()
  return token.clientId === clientId
}

async function respond(verifier, { accessToken, guard, requireScopes }, headers) {
  const guarded = guard(verifier)
  const required = requireScopes('orders:read')
  const server = http.createServer((req, res) => {
    guarded(req, res, () => required(req, res, () => res.end(accessToken(req).format)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}/`
  const statuses = []
  for (const init of [{ headers }, {}]) statuses.push((await fetch(url, init)).status)
  server.closeAllConnections()
  server.close()
  return statuses
}
