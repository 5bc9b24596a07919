import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, oauth, type OAuthOptions } from 'm2m-guard'
import { redisRevocations } from 'm2m-guard/redis'
import { createClient } from 'redis'

/** What a process of the demonstration with several processes needs. */
export interface MemberSettings {
  readonly issuer: OAuthOptions
  readonly redisPort: number
}

/** Runs a process of the demonstration: a guarded server that shares revocations through Redis. */
export async function runMember({ issuer, redisPort }: MemberSettings): Promise<void> {
  const client = createClient({ socket: { host: '127.0.0.1', port: redisPort, reconnectStrategy: () => 50 } })
  client.on('error', () => undefined)
  await client.connect()
  const verifier = createVerifier({
    issuers: [oauth(issuer)],
    // For a short demonstration. The defaults are 1 s and 30 s.
    revocations: redisRevocations({
      client,
      nudge: true,
      interval: '100ms',
      maxStaleness: '5s',
      onEvent: () => undefined,
    }),
  })
  await verifier.ready()
  const server = createServer((request, response) => {
    void verifier.authorize(request).then((decision) => {
      response.statusCode = decision.outcome === 'accepted' ? 200 : decision.refusal.status
      response.end()
    })
  })
  server.listen(0, '127.0.0.1', () => {
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
  process.once('disconnect', () => process.exit())
}
