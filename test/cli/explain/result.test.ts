import { describe, expect, it } from 'vitest'
import type { Policy } from '../../../src/index.js'
import { jsonOf, runWith, type RunOptions } from '../../support/cli.js'
import { explainBed } from './support.js'

describe('the exit code is that of the decision', () => {
  it('0: accepted', async () => {
    const { explain, jwt } = await explainBed()
    const result = await explain(jwt({ scopes: 'orders:read' }), '--scopes orders:read --max-token-age 1h')
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(/\nResult: accepted\n$/)
  })

  it('1: refused, with what to do', async () => {
    const { explain, jwt } = await explainBed()
    const { code, stdout } = await explain(jwt({ age: 7200, expiresIn: '1d' }), '--max-token-age 1h')
    expect(code).toBe(1)
    expect(stdout).toContain('\n✗ age            the token is 7200 s old (iat')
    expect(stdout).toMatch(
      /\nResult: refused, 401 invalid_token, reason token_too_old\nWhat to do: The caller must get a new/,
    )
  })

  it('2: undecidable', async () => {
    const { explain, jwt, issuer } = await explainBed()
    issuer.fail('discovery', 500)
    const { code, stdout } = await explain(jwt())
    expect(code).toBe(2)
    expect(stdout).toMatch(
      /\nResult: undecidable, 503 temporarily_unavailable, reason keys_unavailable\nWhat to do: Check/,
    )
  })

  it.each<[args: readonly string[], message: string, options?: RunOptions]>([
    [[], '<token> is missing'],
    [['-'], '<token>: stdin is empty', { stdin: ' \n' }],
    [['eyJhbGciOiJub25lIn0.e30.'], 'must be - (stdin)'],
    [['-', '--scope', 'x'], 'Unknown option --scope'],
    [['-', '--deadline', '1s'], 'Unknown option --deadline'],
    [['-'], 'pass --config PATH, or --issuer URL and --audience AUDIENCE'],
    [['-', '--issuer', 'https://auth.example.com'], 'pass --config PATH, or --issuer'],
    [['-', '--config', 'x', '--issuer', 'https://a.example', '--audience', 'b'], 'cannot be combined'],
    [['-', '--issuer', 'nonsense', '--audience', 'b'], '--issuer: must '],
    [['-', '--config', 'x'], 'must export a verifier', { config: { other: 1 } }],
    [['-', '--config', 'x', '--policy', '[]'], '--policy: must be a JSON object'],
    [['-', '--config', 'x', '--policy', '{}', '--scopes', 'a'], '--policy: cannot be combined'],
    [['-', '--config', 'x', '--at', 'noon'], '--at: must be a time'],
  ])('64: %j', async (args, message, options) => {
    const result = await runWith(['explain', ...args], { stdin: 'token', ...options })
    expect(result).toMatchObject({ code: 64, stdout: '' })
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toContain('eyJ')
  })

  it('64: an invalid policy, by its name', async () => {
    const { explain } = await explainBed()
    const byOption = await explain('x', '--max-token-age soon')
    expect(byOption).toMatchObject({ code: 64, stdout: '' })
    expect(byOption.stderr).toMatch(/^--max-token-age: must be /)
    const unknown = await explain('x', ['--policy', '{"scope":"a"}'])
    expect(unknown).toMatchObject({ code: 64, stdout: '' })
    expect(unknown.stderr).toMatch(/^--policy\.scope: unknown option; the options are scopes, /)
    const nested = await explain('x', ['--policy', '{"maxTokenAge":"soon"}'])
    expect(nested.stderr).toMatch(/^--policy\.maxTokenAge: must be /)
  })
})

describe('the token', () => {
  it.each([
    'T',
    ' T \n',
    'Bearer T',
    'bearer   T',
    'Authorization: Bearer T\r\n',
    'authorization:\tBearer T',
  ])('may be written as %j', async (form) => {
    const { explain, jwt } = await explainBed()
    expect((await explain(form.replace('T', jwt()))).code).toBe(0)
  })

  it('of another scheme is explained as such', async () => {
    const { explain } = await explainBed()
    const { code, stdout } = await explain('Authorization: Basic dXNlcjpwYXNzd29yZA==')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^✗ header +the Authorization header has the scheme Basic, not Bearer\n· not reached {2}26 checks\n/,
    )
    expect(stdout).not.toContain('dXNlcjpwYXNz')
  })

  it('is in no output', async () => {
    const { explain, jwt } = await explainBed()
    const token = jwt({ clientId: 'billing' })
    for (const args of ['--json', '--scopes x', '--unknown']) {
      const { stdout, stderr } = await explain(token, args)
      for (const part of [token, ...token.split('.')]) expect(stdout + stderr).not.toContain(part)
    }
  })
})

describe('the output', () => {
  it('has colors only on a terminal that shows them', async () => {
    const { explain, jwt } = await explainBed()
    const token = jwt()
    const plain = await explain(token)
    expect(plain.stdout).not.toContain('\x1b')
    const colored = await explain(token, [], { hasColors: true })
    expect(colored.stdout).toContain('\x1b[32m✔ header')
    // oxlint-disable-next-line no-control-regex -- the escape sequences are what is compared
    expect(colored.stdout.replace(/\x1b\[\d+m/g, '')).toBe(plain.stdout)
    expect((await explain(token, '--json', { hasColors: true })).stdout).not.toContain('\x1b')
  })

  it('--json is one object with the documented properties', async () => {
    const { explain, jwt, issuer } = await explainBed()
    const refused = jsonOf(await explain(jwt({ scopes: 'a' }), '--scopes b --json'))
    expect(Object.keys(refused)).toEqual([
      'outcome',
      'reason',
      'status',
      'error',
      'description',
      'detail',
      'issuer',
      'advice',
      'refusal',
      'steps',
    ])
    expect(refused).toMatchObject({
      outcome: 'refused',
      reason: 'scope_insufficient',
      status: 403,
      error: 'insufficient_scope',
      issuer: issuer.url,
    })
    const { reason, status, error, description, detail } = refused
    const stated = { reason, status, error, description, detail, issuer: issuer.url }
    expect(refused.refusal).toEqual({ ...stated, required: ['b'] })
    const accepted = jsonOf(await explain(jwt(), '--json'))
    expect(accepted).toMatchObject({
      outcome: 'accepted',
      reason: null,
      status: null,
      advice: null,
      refusal: null,
    })
    expect(Object.keys(accepted.steps[0])).toEqual(['check', 'result', 'detail'])
  })

  it.each<Policy>([{ clients: ['stock'] }, { claims: { tenant: 'acme' } }])(
    '--policy is the JSON of a policy: %j',
    async (policy) => {
      const { explain, jwt } = await explainBed()
      expect((await explain(jwt(), ['--policy', JSON.stringify(policy)])).code).toBe(1)
    },
  )
})
