import { describe, expect, it } from 'vitest'
import { keyOf } from '../../support/tokens/forge.js'
import { type AttackBed, attackBed, type AttackBedOptions } from '../../support/tokens/attack.js'

let bed: AttackBed
async function open(options: AttackBedOptions = {}): Promise<void> {
  bed = await attackBed(options)
  await bed.verifier.ready()
  bed.issuer.resetCalls()
}

/** Where the facts of the last accepted token came from. */
async function sourceOf(token: string): Promise<string | undefined> {
  expect(await bed.outcome(token)).toBe('accepted')
  return bed.events.at(-1)!.source
}

describe('I151 to I155: forged key ids', () => {
  it('a thousand concurrent ones cause one fetch, and evict no cached token', async () => {
    await open({ cache: { maxTokens: 5, maxRefused: 5 } })
    const honest = bed.token()
    expect(await sourceOf(honest)).toBe('local')
    const template = bed.token({}, { kid: 'KID' }).split('.')
    for (let index = 0; index < 1000; index += 1) {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `made-up-${index}` })).toString(
        'base64url',
      )
      expect(await bed.outcome([header, ...template.slice(1)].join('.'))).toBe('key_unknown')
    }
    expect(bed.issuer.calls).toMatchObject({ jwks: 1, total: 1 })
    expect(await sourceOf(honest)).toBe('cache')
  })

  it('a hundred at the same time share one fetch', async () => {
    await open()
    const tokens = Array.from({ length: 100 }, (_, index) => bed.token({}, { kid: `made-up-${index}` }))
    const outcomes = await Promise.all(tokens.map((token) => reasonOf(token)))
    expect(new Set(outcomes)).toEqual(new Set(['key_unknown']))
    expect(bed.issuer.calls.jwks).toBe(1)
  })

  it('a rotation in the middle of the flood is noticed within one pause', async () => {
    await open()
    const next = keyOf('ES256', 'next')
    expect(await bed.outcome(bed.token({}, { kid: 'made-up' }))).toBe('key_unknown')
    bed.publish(bed.key.jwk, next.jwk)
    const rotated = bed.token({}, {}, next)
    for (let second = 0; second < 10; second += 1) {
      bed.pass(1)
      await bed.outcome(bed.token({ second }, { kid: `made-up-${second}` }))
    }
    expect(await bed.outcome(rotated)).toBe('accepted')
    expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(2)
  })

  it('a minute of it costs at most one fetch in ten seconds', async () => {
    await open()
    for (let tick = 0; tick < 120; tick += 1) {
      bed.pass(0.5)
      await bed.outcome(bed.token({ tick }, { kid: `made-up-${tick}` }))
    }
    expect(bed.issuer.calls.jwks).toBeLessThanOrEqual(7)
    expect(bed.issuer.calls.jwks).toBeGreaterThan(1)
  })

  it('I155: key ids of an issuer that is not configured cause no call', async () => {
    await open()
    for (let index = 0; index < 200; index += 1) {
      const token = bed.token({ iss: `https://evil-${index}.test` }, { kid: `k${index}` })
      expect(await bed.outcome(token)).toBe('issuer_unknown')
    }
    expect(bed.issuer.calls.total).toBe(0)
  })

  it('invalid signatures cause no call and evict no cached token', async () => {
    await open({ cache: { maxTokens: 3, maxRefused: 3 } })
    const honest = bed.token()
    await bed.outcome(honest)
    for (let index = 0; index < 200; index += 1) {
      const forged = bed.token({ index }).replace(/[^.]*$/, 'A'.repeat(86))
      expect(await bed.outcome(forged)).toBe('signature_invalid')
    }
    expect(bed.issuer.calls.total).toBe(0)
    expect(await sourceOf(honest)).toBe('cache')
  })
})

describe('I153 and I156: forged opaque tokens', () => {
  it('a thousand different ones cause one call each, and evict no valid token', async () => {
    await open({ cache: { maxTokens: 2, maxRefused: 10 } })
    const honest = bed.issuer.mintOpaque()
    await bed.outcome(honest)
    for (let index = 0; index < 1000; index += 1) {
      expect(await bed.outcome(`ref_made-up-${index}`)).toBe('token_inactive')
    }
    expect(bed.issuer.calls.introspection).toBe(1001)
    expect(await sourceOf(honest)).toBe('cache')
  })

  it('one of them a thousand times causes one call', async () => {
    await open()
    for (let index = 0; index < 1000; index += 1) await bed.outcome('ref_made-up')
    expect(bed.issuer.calls.introspection).toBe(1)
  })

  it.each(['ref_made-up', 'honest'])(
    'I156: a thousand concurrent requests cause one call (%s)',
    async (which) => {
      await open()
      const token = which === 'honest' ? bed.issuer.mintOpaque() : which
      const outcomes = await Promise.all(Array.from({ length: 1000 }, () => reasonOf(token)))
      expect(new Set(outcomes)).toEqual(new Set([which === 'honest' ? 'accepted' : 'token_inactive']))
      expect(bed.issuer.calls.introspection).toBe(1)
    },
  )

  it('tokens of no known prefix cost nothing', async () => {
    await open()
    for (let index = 0; index < 200; index += 1) {
      expect(await bed.outcome(`made-up-${index}`)).toBe('issuer_unknown')
    }
    expect(bed.issuer.calls.total).toBe(0)
  })
})

describe('I147 to I149: facts are cached', () => {
  it('I148: a lax route, then strict ones', async () => {
    await open()
    for (const token of [bed.token(), bed.issuer.mintOpaque({ scopes: 'orders:read' })]) {
      expect(await bed.outcome(token)).toBe('accepted')
      expect(await bed.outcome(token, { scopes: 'admin' })).toBe('scope_insufficient')
      expect(await bed.outcome(token, { clients: 'nobody' })).toBe('client_not_allowed')
      expect(await bed.outcome(token, { maxTokenAge: 0 })).toBe('token_too_old')
      expect(await bed.outcome(token, { check: () => false })).toBe('check_failed')
    }
    expect(bed.issuer.calls.introspection).toBe(1)
  })

  it('I149: a strict route, then a lax one', async () => {
    await open()
    for (const token of [bed.token(), bed.issuer.mintOpaque()]) {
      expect(await bed.outcome(token, { scopes: 'admin' })).toBe('scope_insufficient')
      expect(await bed.outcome(token)).toBe('accepted')
    }
  })

  it('I147: a token whose key was withdrawn is refused at the next fetch of the set', async () => {
    await open()
    const token = bed.token()
    expect(await bed.outcome(token)).toBe('accepted')
    bed.publish(keyOf('ES256', 'next').jwk)
    // An unknown key id is enough to bring the set up to date.
    await bed.outcome(bed.token({}, {}, keyOf('ES256', 'next')))
    expect(await bed.outcome(token)).toBe('key_unknown')
  })

  it('I147: and at the latest after one lifetime of the set', async () => {
    await open()
    const token = bed.token({ exp: bed.now() + 86_400 })
    expect(await bed.outcome(token)).toBe('accepted')
    bed.publish(keyOf('ES256', 'next').jwk)
    bed.pass(600)
    expect(await bed.outcome(token)).toBe('key_unknown')
  })

  it('I150: a no is believed for five seconds', async () => {
    await open()
    const token = bed.issuer.mintOpaque()
    bed.issuer.fail('introspection', { body: { active: false }, times: 1 })
    expect(await bed.outcome(token)).toBe('token_inactive')
    bed.pass(4.9)
    expect(await bed.outcome(token)).toBe('token_inactive')
    expect(bed.issuer.calls.introspection).toBe(1)
    bed.pass(0.1)
    expect(await bed.outcome(token)).toBe('accepted')
  })
})

/** Without the checks of every decision, which expect one request at a time. */
async function reasonOf(token: string): Promise<string> {
  return (await bed.answer(token)).reason
}
