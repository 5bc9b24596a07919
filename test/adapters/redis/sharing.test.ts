import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { startRedis } from '../../support/redis/server.js'
import { SECRET } from '../../support/shared-store.js'
import { startIssuer } from '../../support/test-bed.js'

/** A process that decides on a token through Redis when it is told to. From the build, because it starts faster. */
const PROGRAM = `
import { createClient } from 'redis'
import { createVerifier, oauth } from 'm2m-guard'
import { redisAnswers } from 'm2m-guard/redis'
const [port, issuer, clientId, clientSecret, secret] = process.argv.slice(1)
const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } })
client.on('error', () => undefined)
await client.connect()
const introspection = { endpoint: issuer + '/introspect', clientId, clientSecret }
const verifier = createVerifier({
  issuers: [oauth({ issuer, audience: null, keys: false, introspection, remote: { deadline: '60s' } })],
  answers: redisAnswers({ client, secret, deadline: '5s', maxWait: '10s' }),
})
console.log('ready')
process.stdin.once('data', async (token) => {
  const { outcome, refusal } = await verifier.authorize({ headers: { authorization: 'Bearer ' + token.toString().trim() } })
  console.log(refusal?.reason ?? outcome)
})
`

it(
  '4 processes that get a token at the same time cause one introspection request',
  { timeout: 120_000 },
  async () => {
    const server = await startRedis()
    const issuer = await startIssuer({ clock: () => Date.now() })
    const { clientId, clientSecret } = issuer.client
    const args = [String(server.port), issuer.url, clientId, clientSecret, SECRET]
    const members = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      return child
    })
    await Promise.all(members.map(({ stdout }) => once(stdout, 'data')))
    const printed = members.map(async ({ stdout }) => String(await once(stdout, 'data')).trim())
    const token = issuer.mintOpaque({ expiresIn: '1h' })
    for (const { stdin } of members) stdin.write(`${token}\n`)
    expect(await Promise.all(printed)).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
    expect(issuer.calls.introspection).toBe(1)
  },
)
