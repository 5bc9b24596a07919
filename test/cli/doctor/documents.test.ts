import { describe, expect, it } from 'vitest'
import { oauth } from '../../../src/index.js'
import { checkClock } from '../../../src/cli/doctor/document-checks.js'
import { inspectIssuer } from '../../../src/cli/doctor/inspected-issuer.js'
import type { DoctorContext } from '../../../src/cli/doctor/context.js'
import { START } from '../../support/clock.js'
import { doctorBed } from './support.js'

describe('discovery', () => {
  it('fails for the document of another issuer, and quotes both', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', { body: { issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/jwks` } })
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed', issuer: issuer.url })
    expect(line!.detail).toContain(`${issuer.url}/"`)
  })

  it('fails for a redirect, and names its target', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', { status: 302, headers: { location: '/login?secret=1' } })
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.detail).toMatch(/status 302 .*, which redirects to http:.*\/login$/)
    expect(line!.advice).toMatch(/^Redirects are not followed/)
  })

  it('fails if the issuer does not respond, and names the URL', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('discovery', 'refuse')
    const [line] = await findings('discovery')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.detail).toContain(` from ${issuer.url}/.well-known/`)
  })

  it('is skipped if all URLs are configured', async () => {
    const { findings } = await doctorBed({
      issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, introspection: undefined }))],
    })
    expect(await findings('discovery')).toMatchObject([{ result: 'skipped' }])
    expect(await findings('keys')).toMatchObject([{ result: 'passed' }])
  })
})

describe('content_type', () => {
  it('warns of another media type than JSON', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { headers: { 'content-type': 'text/plain' } })
    const [line] = await findings('content_type')
    expect(line).toMatchObject({ result: 'warning' })
    expect(line!.detail).toMatch(/\/jwks is "text\/plain"$/)
  })
})

describe('keys', () => {
  it('counts the keys, and says why the others are unusable', async () => {
    const { findings, issuer } = await doctorBed()
    const jwks = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: readonly object[] }
    const rsa = { kty: 'RSA', n: 'AQAB', e: 'AQAB' }
    issuer.fail('jwks', {
      body: {
        keys: [
          ...jwks.keys,
          { ...rsa, kid: 'weak' },
          { ...rsa, kid: 'enc', use: 'enc' },
          { kty: 'oct', k: 'c2VjcmV0', kid: 'symmetric' },
        ],
      },
    })
    const [line] = await findings('keys')
    expect(line).toMatchObject({ result: 'passed' })
    const { detail } = line!
    expect(detail).toContain(`lists ${jwks.keys.length + 3} keys, ${jwks.keys.length} usable`)
    expect(detail).toContain('the key "weak" is not used: it is too weak, or too large')
    expect(detail).toContain('the key "enc" is not used: its use is not sig')
    expect(detail).toContain(
      'the key "symmetric" is not used: it contains members of a private or symmetric key',
    )
    expect(detail).not.toContain('c2VjcmV0')
  })

  it('fails if no key is usable', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { body: { keys: [] } })
    expect(await findings('keys')).toMatchObject([{ result: 'failed' }])
  })

  it('counts configured keys', async () => {
    const { issuer } = await doctorBed()
    const jwks = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: readonly object[] }
    const { findings } = await doctorBed({
      issuers: (by) => [oauth({ ...by.oauth({ introspection: undefined }), jwks })],
    })
    expect((await findings('keys'))[0]).toMatchObject({ result: 'passed' })
  })
})

describe('key_cache', () => {
  it.each([
    ['no-store', 'warning'],
    ['max-age=5', 'warning'],
    ['max-age=600', 'passed'],
  ])('Cache-Control: %s: %s', async (control, result) => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('jwks', { headers: { 'cache-control': control } })
    expect(await findings('key_cache')).toMatchObject([{ result }])
  })
})

describe('clock', () => {
  it.each([
    [
      60,
      'failed',
      'the clock of this machine is 60 s behind the clock of the issuer, and clockTolerance is 5 s',
    ],
    [
      -60,
      'failed',
      'the clock of this machine is 60 s ahead of the clock of the issuer, and clockTolerance is 5 s',
    ],
    [6, 'passed', 'the clocks differ by less than clockTolerance (5 s) and 1 s'],
    [undefined, 'skipped', 'no response has a Date header'],
  ])('a Date header %s s ahead: %s', async (seconds, result, detail) => {
    const headers = seconds === undefined ? {} : { date: new Date(START + seconds * 1000).toUTCString() }
    const issuer = oauth({
      issuer: 'https://auth.example.com',
      audience: 'https://orders.internal',
      jwksUri: 'https://auth.example.com/jwks',
      fetch: () => Promise.resolve(Response.json({ keys: [] }, { headers })),
    })
    const issuers = [await inspectIssuer(issuer, () => START)]
    expect(checkClock({ issuers, toleranceSeconds: 5 } as unknown as DoctorContext)).toMatchObject([
      { result, detail },
    ])
  })
})
