import { afterAll, beforeAll, expect, it } from 'vitest'
import { createVerifier, oauth, Refusal, type DecisionEvent } from '../../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { refusalOf } from '../../support/outcomes.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterAll(() => issuer.close())

/** Presents a token to an issuer whose response repeats it. */
async function present(token: string, body: string): Promise<{ refusal: Refusal; events: DecisionEvent[] }> {
  issuer.heal()
  issuer.fail('introspection', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  const events: DecisionEvent[] = []
  const verifier = createVerifier({
    issuers: [oauth(issuer.oauth({ keys: false }))],
    onDecision: (event) => void events.push(event),
  })
  const refusal = await refusalOf(verifier.verify(token, { scopes: 'orders:read' }))
  return { refusal, events }
}

const stated = { active: true, sub: 'billing', exp: 4_000_000_000, iat: 1 }

it.each([
  ['aud', (token: string) => JSON.stringify({ ...stated, aud: token })],
  ['aud, inside a list', (token: string) => JSON.stringify({ ...stated, aud: ['x', `see ${token}`] })],
  ['iss', (token: string) => JSON.stringify({ ...stated, iss: token })],
  ['token_type', (token: string) => JSON.stringify({ ...stated, token_type: token })],
  ['aud, escaped', (token: string) => `{"active":true,"sub":"x","aud":"${escaped(token)}"}`],
])('a token that the response repeats as %s is in no detail, also not in part', async (_, bodyOf) => {
  const token = `${issuer.mintOpaque()}${'a0/'.repeat(60)}`
  const { refusal, events } = await present(token, bodyOf(token))
  expect(refusal.detail).toContain('[token]')
  for (const text of [refusal.detail, events[0]?.detail, String(refusal.cause)])
    expect(text).not.toContain(token.slice(0, 12))
})

it.each([
  ['half of it', (token: string) => token.slice(0, 60)],
  ['parts of it', (token: string) => token.match(/.{1,18}/g)],
  ['split by spaces', (token: string) => Array.from(token).join(' ')],
  [
    'percent-encoded',
    (token: string) => Array.from(token, (c) => `%${c.charCodeAt(0).toString(16)}`).join(''),
  ],
])(
  'a token that the response repeats in another form is masked in the refusal as in the event: %s',
  async (_, form) => {
    const token = 'opaque-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz'
    const { refusal, events } = await present(token, JSON.stringify({ ...stated, aud: form(token) }))
    expect(refusal.reason).toBe('audience_mismatch')
    expect(refusal.detail).toContain('[token]')
    expect(refusal.detail).toBe(events[0]?.detail)
  },
)

const OPAQUE = 'opaque-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz'

/** A string in base64, in both alphabets. */
const inBase64 = (text: string): readonly string[] => [
  Buffer.from(text).toString('base64'),
  Buffer.from(text).toString('base64url'),
]

it.each([
  ['alone', (token: string) => token],
  ['after one character', (token: string) => `:${token}`],
  ['after two characters', (token: string) => `x:${token}`],
  ['inside a sentence', (token: string) => `cannot read ${token}, which is unknown`],
])('a token that the response repeats in base64 is in no detail, claim or event: %s', async (_, textOf) => {
  for (const token of [OPAQUE, `${OPAQUE}~~~///+++`, issuer.mintJwt()]) {
    for (const echo of inBase64(textOf(token))) {
      for (const members of [{ aud: echo }, { aud: 'x', token_type: echo }, { iss: echo }]) {
        const { refusal, events } = await present(token, JSON.stringify({ ...stated, ...members }))
        expect(refusal.detail).toContain('[token]')
        for (const text of [refusal.detail, String(refusal.cause), JSON.stringify(events)])
          for (let at = 18; at + 16 < echo.length - 18; at += 8)
            expect(text).not.toContain(echo.slice(at, at + 16))
      }
    }
  }
})

it('a token in base64 in the detail of a custom rule is masked, also if the detail is cut', async () => {
  for (const token of [OPAQUE, issuer.mintJwt()]) {
    const [echo = ''] = inBase64(`x${token}`)
    const events: DecisionEvent[] = []
    const verifier = createVerifier({
      issuers: [oauth(issuer.oauth())],
      onDecision: (event) => void events.push(event),
      policy: { check: () => new Refusal('check_failed', { detail: `${'-'.repeat(400)} ${echo}` }) },
    })
    issuer.heal()
    issuer.fail('introspection', { status: 200, body: { ...stated, aud: issuer.oauth().audience } })
    await refusalOf(verifier.verify(token))
    expect(events[0]?.reason).toBe('check_failed')
    expect(events[0]?.detail).toContain('[token]')
    expect(events[0]?.detail).not.toContain(echo.slice(20, 40))
  }
})

function escaped(token: string): string {
  return Array.from(token, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join(
    '',
  )
}
