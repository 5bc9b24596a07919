import { describe, expect, it } from 'vitest'
import { ConfigurationError, type Duration } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

describe('a duration', () => {
  it.each<[Duration, number]>([
    [90, 90],
    [0.5, 0.5],
    ['250ms', 0.25],
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['7d', 604_800],
  ])('%s is %s seconds', async (maxTokenAge, seconds) => {
    const { jwt, outcome, pass } = await testBed({ policy: { maxTokenAge } })
    const token = jwt({ expiresIn: '30d' })
    pass(seconds - 0.001)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    expect(await outcome(token)).toBe('token_too_old')
  })

  it.each<unknown>([
    '90',
    '',
    ' 90s',
    '90 s',
    '1.5h',
    '-1s',
    '1H',
    '1 hour',
    '1w',
    '1h30m',
    '0x10s',
    '1e3s',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '999999999999999d',
    true,
    null,
    {},
    [60],
  ])('%j is not a duration', async (duration) => {
    await expect(testBed({ policy: { maxTokenAge: duration as Duration } })).rejects.toThrow(
      ConfigurationError,
    )
    await expect(testBed({ clockTolerance: duration as Duration })).rejects.toThrow(ConfigurationError)
  })

  it('the clock tolerance is at most one minute', async () => {
    await testBed({ clockTolerance: 60 })
    await expect(testBed({ clockTolerance: 60.001 })).rejects.toThrow(/clockTolerance/)
    await expect(testBed({ clockTolerance: '2m' })).rejects.toThrow(/clockTolerance/)
  })
})

describe.each([
  ['5 s by default', undefined, 5],
  ['none', 0, 0],
  ['250 ms', '250ms', 0.25],
  ['a minute', '1m', 60],
] as const)('with a clock tolerance of %s', (_, clockTolerance, tolerance) => {
  const options = clockTolerance === undefined ? {} : { clockTolerance }

  it('a JWT expires exactly that much later', async () => {
    const { jwt, outcome, pass } = await testBed(options)
    const token = jwt({ expiresIn: 10 })
    expect(await outcome(token)).toBe('accepted')
    pass(10 + tolerance - 0.001)
    expect(await outcome(token)).toBe('accepted')
    pass(0.001)
    expect(await outcome(token)).toBe('token_expired')
  })

  it.each([
    ['nbf', 'token_not_active_yet'],
    ['iat', 'issued_in_future'],
  ])('%s may be ahead by exactly that much', async (claim, reason) => {
    const { issuer, jwt, outcome, now } = await testBed(options)
    const at = (seconds: number) => ({ claims: { [claim]: now() + seconds } })
    expect(await outcome(jwt(at(tolerance)))).toBe('accepted')
    expect(await outcome(jwt(at(tolerance + 0.001)))).toBe(reason)
    expect(await outcome(jwt(at(-1)))).toBe('accepted')
    if (claim === 'iat') expect(await outcome(issuer.mintOpaque(at(tolerance + 0.001)))).toBe(reason)
  })
})

it('times are validated on every request, so that a cached token can become valid', async () => {
  const { jwt, outcome, now, pass, events } = await testBed({ clockTolerance: 0 })
  const token = jwt({ claims: { nbf: now() + 10 } })
  expect(await outcome(token)).toBe('token_not_active_yet')
  pass(9.999)
  expect(await outcome(token)).toBe('token_not_active_yet')
  pass(0.001)
  expect(await outcome(token)).toBe('accepted')
  expect(events.map(({ source }) => source)).toEqual(['local', 'cache', 'cache'])
})
