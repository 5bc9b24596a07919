import { createVerifier, oauth } from '../../../src/index.js'

// A service in a process of its own, whose environment says how it reaches the issuer. Prints what it decides.
const [, , issuer = '', audience = '', token = ''] = process.argv
const verifier = createVerifier({ issuers: [oauth({ issuer, audience, keys: { deadline: '60s' } })] })
const decision = await verifier.authorize({ headers: { authorization: `Bearer ${token}` } })
console.log(decision.outcome)
