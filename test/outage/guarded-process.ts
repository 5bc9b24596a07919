import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMainThread, Worker } from 'node:worker_threads'
import express from 'express'
import { guard } from '../../adapters/express.js'
import { createVerifier, oauth } from '../../src/index.js'
import { createTestIssuer } from '../../src/testing/index.js'

// A service in a separate process, which process.test.ts starts. Nothing here calls process.exit().
const [, , mode] = process.argv
const issuer = await createTestIssuer()
// The maximum deadline, so that a slow machine does not change results, except where the deadline must pass.
const deadline = '60s'
const remote = { deadline: mode === 'hanging' ? '2s' : deadline }
const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ keys: { deadline }, remote }))] })

if (!isMainThread) {
  const token = await verifier.verify(issuer.mintJwt({ algorithm: 'ES256' }))
  console.log(`accepted in the worker: ${token.format}`)
  await issuer.close()
} else if (mode === 'worker') {
  await issuer.close()
  new Worker(new URL(import.meta.url))
} else if (mode === 'idle') {
  await verifier.verify(issuer.mintJwt({ algorithm: 'ES256' }))
  await verifier.verify(issuer.mintOpaque())
  await issuer.close()
} else {
  const app = express()
  app.get('/', guard(verifier), (_, response) => void response.json({ ok: true }))
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  process.once('SIGTERM', () => {
    server.close(() => void issuer.close())
  })
  issuer.fail('introspection', () => {
    console.log('asked')
  })
  const { port } = server.address() as AddressInfo
  const headers = { authorization: `Bearer ${issuer.mintOpaque()}`, connection: 'close' }
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { headers })
  console.log(status)
}
