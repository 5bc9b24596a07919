// One build guards, the other one requires scopes and reads the token, as a bundle may contain both.
import http from 'node:http'
import { createRequire } from 'node:module'
import { accessToken, guard } from 'm2m-guard/express'
import { createVerifier, oauth } from 'm2m-guard'
import { asClient, createTestIssuer } from 'm2m-guard/testing'

const require = createRequire(import.meta.url)
const path = (name) => import.meta.resolve(name).replace('file://', '').replace(/\.js$/, '.cjs')
const commonJs = require(path('m2m-guard/express'))
const { Refusal, anyOf } = require(path('m2m-guard'))

const issuer = await createTestIssuer()
const verifier = createVerifier({
  issuers: [oauth(issuer.oauth({ keys: { deadline: '60s' }, remote: { deadline: '60s' } }))],
})
if (commonJs.guard === guard) throw new Error('both are one build')
const refusal = await verifier.verify('no token').catch((error) => error)
if (!(refusal instanceof Refusal)) throw new Error('Refusal differs')

const guarded = guard(verifier)
const required = commonJs.requireScopes(anyOf('orders:read', 'orders:admin'))
const server = http.createServer((req, res) => {
  guarded(req, res, () =>
    required(req, res, () => res.end(String(commonJs.accessToken(req) === accessToken(req)))),
  )
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const statuses = []
for (const scopes of ['orders:read', 'orders:write', undefined]) {
  const headers = scopes === undefined ? {} : asClient(verifier, { scopes })
  statuses.push((await fetch(`http://127.0.0.1:${server.address().port}/`, { headers })).status)
}
server.closeAllConnections()
server.close()
await issuer.close()
console.log(JSON.stringify(statuses))
