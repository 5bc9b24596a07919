import { subscribe } from 'node:diagnostics_channel'
import { CHANNELS, createVerifier, oauth } from '../../src/index.js'

// A program: prints what happens to a request and to the process if a subscriber throws.

process.on('uncaughtException', (error) => {
  process.send?.(`uncaught: ${error.message}`, () => process.exit())
})
subscribe(CHANNELS.decision, () => {
  throw new Error('a subscriber')
})
const verifier = createVerifier({
  issuers: [oauth({ issuer: 'https://auth.example.com', audience: 'https://orders.internal' })],
})
const { outcome } = await verifier.authorize({ headers: {} })
process.send?.(outcome)
