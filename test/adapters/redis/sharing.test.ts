import { expect, it } from 'vitest'
import { printedAtSameTime } from '../../support/processes/at-same-time.js'
import { startRedis } from '../../support/redis/server.js'
import { SECRET } from '../../support/shared-store.js'
import { startIssuer } from '../../support/test-bed.js'

/** A process that decides on a token through Redis when it is told to. From the build, because it starts faster. */
const PROGRAM = `
import { createVerifier, oauth } from 'm2m-guard'
import { redisAnswers } from 'm2m-guard/redis'
const [port, issuer, clientId, clientSecret, secret] = process.argv.slice(1)
const client = await connect(port)
const introspection = { endpoint: issuer + '/introspect', clientId, clientSecret }
const verifier = createVerifier({
  issuers: [oauth({ issuer, audience: null, keys: false, introspection, remote: { deadline: '60s' } })],
  answers: redisAnswers({ client, secret, deadline: '5s', maxWait: '10s' }),
  clock,
})
console.log('ready')
process.stdin.once('data', async (token) => {
  const { outcome, refusal } = await verifier.authorize({ headers: { authorization: 'Bearer ' + token.toString().trim() } })
  console.log(refusal?.reason ?? outcome)
})
`

it('4 processes that get a token at the same time cause one introspection request', async () => {
  const server = await startRedis()
  const issuer = await startIssuer()
  const { clientId, clientSecret } = issuer.client
  const args = [String(server.port), issuer.url, clientId, clientSecret, SECRET]
  const token = issuer.mintOpaque({ expiresIn: '1h' })
  const printed = await printedAtSameTime(4, PROGRAM, args, token)
  expect(printed).toEqual(['accepted', 'accepted', 'accepted', 'accepted'])
  expect(issuer.calls.introspection).toBe(1)
})
