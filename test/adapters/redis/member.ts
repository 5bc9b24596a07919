/** A process of a fleet: an HTTP server whose requests a verifier with revocations in Redis decides on. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'redis'
import { redisRevocations } from '../../../adapters/redis.js'
import { createVerifier, oauth } from '../../../src/index.js'

const [redisPort = '', issuer = '', jwks = ''] = process.argv.slice(2)
const client = createClient({ socket: { host: '127.0.0.1', port: Number(redisPort) } })
client.on('error', () => undefined)
await client.connect()

const verifier = createVerifier({
  issuers: [oauth({ issuer, audience: null, jwks: JSON.parse(jwks) as { keys: object[] } })],
  // A busy machine must not make a reading too old.
  revocations: redisRevocations({ client, interval: '100ms', maxStaleness: '1d' }),
})
await verifier.ready()

const server = createServer((request, response) => {
  void verifier.authorize(request).then((decision) => {
    response.statusCode = decision.outcome === 'accepted' ? 200 : decision.refusal.status
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port)
})
