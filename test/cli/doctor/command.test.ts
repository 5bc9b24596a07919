import { describe, expect, it } from 'vitest'
import { clerk, oauth } from '../../../src/index.js'
import { checkNode } from '../../../src/cli/doctor/node-check.js'
import { jsonOf, runWith } from '../../support/cli.js'
import { doctorBed, guardedRoute, type Line } from './support.js'

describe('m2m-guard doctor', () => {
  it('exits with 0 if nothing fails, and prints one line per check', async () => {
    const { doctor, verifier } = await doctorBed()
    const result = await doctor(['--url', await guardedRoute(verifier)])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const marks = result.stdout
      .split('\n\n')[0]!
      .split('\n')
      .filter((line) => !line.includes('What to do:'))
    expect(marks.map((line) => line.slice(0, 14).trimEnd())).toEqual([
      expect.stringMatching(/^[✔!] node$/),
      '✔ discovery',
      '✔ content type',
      '✔ keys',
      expect.stringMatching(/^✔ key cache$/),
      '✔ clock',
      '✔ credentials',
      '· scopes',
      '· revocations',
      '✔ open route',
      '✔ challenge',
      '✔ no store',
      '✔ header',
    ])
    expect(result.stdout).toMatch(/\nResult: 0 failures, \d warnings?\n$/)
  })

  it('exits with 1 if a check fails, and every failure says what to do', async () => {
    const { doctor, issuer } = await doctorBed()
    issuer.fail('jwks', 'html')
    const result = await doctor()
    expect(result.code).toBe(1)
    expect(result.stdout).toMatch(/\n✗ keys .*\n +What to do: Check that the URL is that of the issuer/)
    const { checks } = jsonOf(await doctor(['--json'])) as { checks: readonly Line[] }
    for (const { result: found, advice } of checks) {
      if (found === 'failed' || found === 'warning') expect(advice).toMatch(/^[A-Z].*[^.]\.$/)
      else expect(advice).toBeNull()
    }
  })

  it.each<[args: readonly string[], message: string, config?: unknown]>([
    [[], '--config is required'],
    [['--config', 'x'], 'must export a verifier', {}],
    [['--config', 'x', '--url', 'orders.internal'], '--url: must be an absolute'],
    [['--config', 'x', 'more'], 'accepts options only'],
    [['--config', 'x', '--token', 'y'], '--token is not an option'],
  ])('exits with 64 for %j', async (args, message, config) => {
    const result = await runWith(['doctor', ...args], { config })
    expect(result).toMatchObject({ code: 64, stdout: '' })
    expect(result.stderr).toContain(message)
  })

  it('has colors only on a terminal that shows them', async () => {
    const { doctor } = await doctorBed()
    expect((await doctor()).stdout).not.toContain('\x1b')
    expect((await doctor([], { hasColors: true })).stdout).toContain('\x1b[32m✔ discovery')
  })

  it('names the issuer in each line if there are several', async () => {
    const { doctor, issuer } = await doctorBed({
      issuers: (by) => [oauth(by.oauth()), clerk(by.clerk({ jwtAccess: false }))],
    })
    const { stdout } = await doctor()
    expect(stdout).toContain(`✔ credentials   ${issuer.url}: the issuer accepts our credentials`)
  })
})

describe('node', () => {
  it.each([
    ['18.20.0', 'failed'],
    ['20.18.0', 'failed'],
    ['20.19.0', 'warning'],
    ['22.12.0', 'passed'],
    ['23.0.0', 'warning'],
  ])('%s: %s', (nodeVersion, result) => {
    const now = () => Date.UTC(2026, 10, 30)
    expect(checkNode({ nodeVersion, now })).toMatchObject([{ result }])
  })
})
