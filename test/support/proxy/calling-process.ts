import { createVerifier, oauth } from 'm2m-guard'

// A service with the packed package in a process of its own, whose environment says how it reaches the issuer. Prints what
// it decides.
const [issuer = '', audience = '', token = ''] = process.argv.slice(-3)
const verifier = createVerifier({ issuers: [oauth({ issuer, audience, keys: { deadline: '60s' } })] })
const decision = await verifier.authorize({ headers: { authorization: `Bearer ${token}` } })
console.log(decision.outcome)
