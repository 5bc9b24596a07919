import { createVerifier, oauth, Refusal } from '../../../src/index.js'
import { createSigningKey, signJwt } from '../../../src/testing/state/signing-keys.js'

// A process with a small heap, whose issuer does not answer at first; waiting-tokens.test.ts starts it.
const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://orders.internal'
const iat = Math.floor(Date.now() / 1000)
const key = createSigningKey('es', 'ES256', {})

let release = (): void => undefined
const released = new Promise<void>((resolve) => {
  release = resolve
})
const verifier = createVerifier({
  issuers: [
    oauth({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwksUri: `${ISSUER}/jwks`,
      keys: { deadline: '60s' },
      fetch: async () => {
        await released
        return Response.json({ keys: [key.jwk] })
      },
    }),
  ],
})

const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'billing', iat, exp: iat + 3600 }
// Nothing takes more memory for its length than a list of empty objects.
const costly = { ...claims, x: Array.from({ length: 1800 }, () => ({})) }
const [, body = '', signature = ''] = signJwt(key, { alg: 'ES256', kid: 'es' }, costly).split('.')

const reasons: Record<string, number> = {}
const note = (reason: string): void => {
  reasons[reason] = (reasons[reason] ?? 0) + 1
}
const waiting = Array.from({ length: Number(process.argv[2]) }, (_, index) => {
  // As costly as a header may be that is kept for later tokens.
  const header = JSON.stringify({ alg: 'ES256', kid: `forged-${index}`, x: Array(100).fill({}) })
  const token = `${Buffer.from(header).toString('base64url')}.${body}.${signature}`
  return verifier.verify(token).then(
    () => {
      note('accepted')
    },
    (error: unknown) => {
      note(error instanceof Refusal ? error.reason : String(error))
    },
  )
})
release()
await Promise.all(waiting)
const valid = await verifier.verify(signJwt(key, { alg: 'ES256', kid: 'es' }, claims))
console.log(JSON.stringify({ ...reasons, valid: valid.subject }))
