import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.js'
import { failureOf } from '../../src/cli/output/failure.js'
import type { Endpoint, Fault } from '../../src/testing/index.js'
import { formsOf } from '../security/secrets/recorder.js'
import { cliBed, type CliBed, jsonLines, jsonOf } from '../support/cli.js'
import { hashOf } from '../support/management.js'
import { withoutAnswer } from '../support/setup/deadlines.js'

const ID = `mt_${'0'.repeat(32)}`
const TOKEN = 'a-token-of-somebody.that-nobody-may-see'
const CLIENT = 'm2m-client-test-1'

/** Every command, with what it needs, and the endpoints that it calls. */
const CALLS: Readonly<Record<string, readonly [args: string, endpoint: Endpoint]>> = {
  'tokens create clerk': ['', 'clerkTokens'],
  'tokens list clerk': [`--subject mch_${'a'.repeat(27)}`, 'clerkTokens'],
  'tokens revoke clerk': [`${ID} --yes`, 'clerkTokens'],
  'tokens verify clerk': ['env:TOKEN', 'clerkVerify'],
  'tokens create stytch': ['', 'stytchToken'],
  'clients create stytch': ['--scopes a', 'stytchClients'],
  'clients search stytch': ['', 'stytchClients'],
  'clients update stytch': [`${CLIENT} --status active`, 'stytchClients'],
  'clients get stytch': [CLIENT, 'stytchClients'],
  'clients delete stytch': [`${CLIENT} --yes`, 'stytchClients'],
  'clients rotate-start stytch': [CLIENT, 'stytchClients'],
  'clients rotate stytch': [`${CLIENT} --yes`, 'stytchClients'],
  'clients rotate-cancel stytch': [`${CLIENT} --yes`, 'stytchClients'],
  'tokens list authlete': ['', 'authleteTokens'],
  'tokens create authlete': ['--client-id 1', 'authleteTokens'],
  'tokens update authlete': ['--token env:TOKEN --scopes a', 'authleteTokens'],
  'tokens reissue-id-token authlete': ['--token env:TOKEN --refresh-token env:REFRESH', 'authleteTokens'],
  'tokens introspect authlete': ['env:TOKEN', 'authleteIntrospection'],
  'tokens delete authlete': [`--token-hash ${hashOf(TOKEN)} --yes`, 'authleteTokens'],
  'tokens revoke authlete': ['--token env:TOKEN --yes', 'authleteTokens'],
  'tokens create oauth': ['', 'token'],
  'tokens introspect oauth': ['env:TOKEN', 'introspection'],
  'tokens revoke oauth': ['env:TOKEN --yes', 'revocation'],
}
const VARIABLES = { TOKEN, REFRESH: `${TOKEN}.refresh` }
/** Judged here, with keys: it has its own tests. */
const LOCAL = 'tokens verify stytch'

/** Answers with whatever it was sent, plain and decoded. */
const ECHO: Fault = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { authorization = '' } = request.headers
    const body = Buffer.concat(chunks).toString()
    const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
    const said = [authorization, basic, body, ...new URLSearchParams(body).values()].join(' ')
    const errors = [{ code: said, message: said, long_message: said }]
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ errors, error: said, error_description: said, error_type: said, resultMessage: said }),
    )
  })
}

function lineOf(name: string, args: string): string {
  const [group = '', verb = '', vendor = ''] = name.split(' ')
  return `${group} ${verb} ${args} --vendor ${vendor}`
}

function secretsOf({ env }: CliBed): readonly string[] {
  const all = Object.assign({}, ...Object.values(env), VARIABLES) as Record<string, string>
  return Object.entries(all)
    .filter(([name]) => /SECRET|ACCESS_TOKEN|^TOKEN$|^REFRESH$/.test(name))
    .map(([, value]) => value)
}

it('the table covers every command of a vendor', () => {
  const all = COMMANDS.flatMap(({ name, vendor }) => (vendor === undefined ? [] : [`${name} ${vendor}`]))
  expect([...Object.keys(CALLS), LOCAL].sort()).toEqual(all.sort())
})

describe.each(Object.entries(CALLS))('%s', (name, [args, endpoint]) => {
  it.each<[string, Fault]>([
    ['HTML', 'html'],
    ['nothing', 'refuse'],
    ['an empty response', 'empty'],
    ['half a response', 'truncated'],
    ['a redirect', 'redirect'],
    ['a failure', { status: 500, body: { error: 'server_error' } }],
    ['a refusal of the credentials', 401],
    ['a 429 with Retry-After', { status: 429, headers: { 'retry-after': '7' } }],
    ['an error that echoes the request', ECHO],
  ])('after %s: prints one line that names the operation, and exits with 1', async (how, fault) => {
    const bed = await cliBed()
    bed.issuer.fail(endpoint, fault)
    const result = await bed.cli(`${lineOf(name, args)} --json`, { variables: VARIABLES })
    // RFC 7009 asks for no body: without one, it is done.
    if (name === 'tokens revoke oauth' && ['an empty response', 'half a response'].includes(how)) {
      expect(result.code).toBe(0)
      return
    }
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^[\w ]+[\w.]*: \S.*\n$/)
    expect(result.stderr).not.toMatch(/\bat .*\.[jt]s\b|unexpected/)
    for (const secret of secretsOf(bed))
      for (const form of formsOf(secret)) expect(result.stderr).not.toContain(form)
  })

  it('stops waiting at the deadline', async () => {
    const { cli, issuer } = await cliBed()
    issuer.fail(endpoint, 'hang')
    const running = cli(`${lineOf(name, args)} --deadline 50ms`, { variables: VARIABLES })
    const result = await withoutAnswer(issuer, endpoint, running)
    expect(result).toMatchObject({ code: 1, stdout: '' })
  })

  it('Ctrl-C aborts it with 130, and warns that a change may have been made', async () => {
    const { cli, issuer } = await cliBed()
    const gate = issuer.gate(endpoint)
    const interruption = new AbortController()
    const { signal } = interruption
    const running = cli(lineOf(name, args), { variables: VARIABLES, signal })
    await gate.waiting
    interruption.abort(new Error('interrupted'))
    const result = await running
    gate.release()
    const isChange = COMMANDS.some((one) => `${one.name} ${one.vendor ?? ''}` === name && one.changes)
    const unknown = '. It is unknown whether the change was made: check before repeating it'
    expect(result).toEqual({
      code: 130,
      stdout: '',
      stderr: `Interrupted${isChange ? unknown : ''}\n`,
      asked: [],
    })
  })
})

it('Ctrl-C stops waiting for a token on stdin', async () => {
  const { cli, issuer } = await cliBed()
  const interruption = new AbortController()
  const stdin = {
    async *[Symbol.asyncIterator](): AsyncGenerator<string> {
      yield 'half a tok'
      interruption.abort(new Error('interrupted'))
      await new Promise(() => undefined)
    },
  }
  const result = await cli('tokens revoke - --vendor oauth --yes', { stdin, signal: interruption.signal })
  expect(result).toMatchObject({ code: 130, stdout: '', stderr: 'Interrupted\n' })
  expect(issuer.calls.total).toBe(0)
})

describe('an unexpected error', () => {
  it('is one line without a stack trace, and without the secrets of the command', () => {
    const error = new RangeError(`cannot send ${TOKEN}\nsecond line`)
    expect(failureOf(error, COMMANDS[0], ['other', TOKEN])).toEqual({
      code: 1,
      line: 'tokens create: unexpected RangeError: cannot send [secret]',
    })
    expect(failureOf('thrown', undefined, [])).toMatchObject({
      code: 1,
      line: 'm2m-guard: unexpected string: ',
    })
  })

  it.each<[how: string, spelling: string]>([
    ['in an address', 'pass%20phrase%2F%C3%A4'],
    ['in a form', 'pass+phrase%2F%C3%A4'],
    ['in base64', Buffer.from('pass phrase/ä').toString('base64')],
    ['with a line break inside', 'pass phr\u2028ase/ä'],
  ])('hides a secret that is encoded %s', (_, spelling) => {
    const { line } = failureOf(new Error(`sent <${spelling}>`), COMMANDS[0], ['pass phrase/ä'])
    expect(line).toBe('tokens create: unexpected Error: sent <[secret]>')
  })

  it('does not redact secrets of three characters, which occur in many words', () => {
    const { line } = failureOf(new Error('abc, abcd'), COMMANDS[0], ['abc', 'abcd'])
    expect(line).toBe('tokens create: unexpected Error: abc, [secret]')
  })
})

describe('advice', () => {
  it('names environment variables, not library options', async () => {
    const { cli, env } = await cliBed()
    const wrong = { ...env.authlete, AUTHLETE_SERVICE_ACCESS_TOKEN: 'not-the-one' }
    const { stderr } = await cli('tokens list --vendor authlete', { env: wrong })
    expect(stderr).toContain('Check AUTHLETE_SERVICE_ACCESS_TOKEN')
    expect(stderr).not.toContain('serviceAccessToken')
  })

  it('warns about a change that may have been made', async () => {
    const { cli, issuer } = await cliBed()
    issuer.fail('clerkTokens', 'reset')
    const { stderr } = await cli('tokens create --vendor clerk')
    expect(stderr).toContain('It is unknown whether the change was made: check before repeating it')
  })
})

describe('a list that fails after the first page', () => {
  it.each(['', ' --json'])(
    'prints the items received before the failure, and exits with 1%s',
    async (json) => {
      const { cli, issuer } = await cliBed()
      for (let count = 0; count < 101; count += 1) issuer.mintOpaque({ provider: 'clerk' })
      const list = `tokens list --vendor clerk --subject ${issuer.clerkMachines.sender.id}${json}`
      const whole = await cli(list)
      // The first page comes, the second does not.
      const pages: string[] = []
      issuer.fail('clerkTokens', (request, response) => {
        pages.push(request.url ?? '')
        const url = new URL(request.url ?? '', issuer.url)
        if (url.searchParams.has('offset')) {
          response.writeHead(500).end()
          return
        }
        const items = Array.from({ length: 100 }, (_, index) => tokenObject(index))
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ m2m_tokens: items, total_count: 101 }))
      })
      const broken = await cli(list)
      expect(whole.stdout.trimEnd().split('\n')).toHaveLength(json === '' ? 102 : 101)
      expect(broken.stdout.trimEnd().split('\n')).toHaveLength(json === '' ? 101 : 100)
      expect(broken.code).toBe(1)
      expect(broken.stderr).toContain('clerkTokens.list')
      expect(pages.length).toBeGreaterThan(1)
    },
  )
})

function tokenObject(index: number): object {
  return {
    object: 'machine_to_machine_token',
    id: `mt_${String(index).padStart(32, '0')}`,
    subject: `mch_${'a'.repeat(27)}`,
    claims: { note: 'line\u0085break \u001b[31m\u202e' },
    scopes: [],
    revoked: false,
    revocation_reason: null,
    expired: false,
    expiration: null,
    last_used_at: null,
    created_at: 1_790_000_000_000,
    updated_at: 1_790_000_000_000,
  }
}

describe('strings from a vendor', () => {
  it('have control characters escaped, both in a table and as JSON', async () => {
    const { cli, issuer } = await cliBed()
    issuer.fail('clerkVerify', { status: 200, body: tokenObject(1) })
    for (const json of ['', ' --json']) {
      const result = await cli(`tokens verify - --vendor clerk${json}`, { stdin: 'mt_1' })
      expect(result.code).toBe(0)
      expect(result.stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}]/u)
      if (json !== '') expect(jsonOf(result)['claims']).toEqual({ note: 'line\u0085break \u001b[31m\u202e' })
    }
    issuer.fail('clerkVerify', { status: 400, body: { errors: [{ code: 'x', message: 'a\u001b[2J\nb' }] } })
    const { stderr } = await cli('tokens verify - --vendor clerk', { stdin: 'mt_1' })
    expect(stderr.trimEnd()).not.toMatch(/\p{Cc}/u)
  })
})

describe('stdout that fails', () => {
  const stdout = () => Promise.reject(new Error('EPIPE'))

  it('reports the lost result of a change, but not a list whose reader closed the pipe', async () => {
    const { cli } = await cliBed()
    const created = await cli('tokens create --vendor clerk', { stdout })
    expect(created.code).toBe(1)
    expect(created.stderr).toBe(
      'tokens create: done, but stdout could not be written, so the result is lost\n',
    )
    expect(await cli('clients search --vendor stytch --json', { stdout })).toMatchObject({
      code: 1,
      stderr: '',
    })
  })
})

describe('a successful result', () => {
  it('contains secrets only where the vendor shows them once', async () => {
    const bed = await cliBed()
    const { cli } = bed
    const secretless = async (line: string): Promise<void> => {
      for (const json of ['', ' --json']) {
        const { code, stdout, stderr } = await cli(line + json)
        expect([code, stderr]).toEqual([0, ''])
        for (const secret of [...secretsOf(bed), created['clientSecret'], token['token']] as string[])
          for (const form of formsOf(secret)) expect(stdout).not.toContain(form)
      }
    }
    const created = jsonOf(await cli('clients create --vendor stytch --scopes a --json'))
    const token = jsonOf(await cli('tokens create --vendor clerk --json'))
    await secretless(`clients get ${created['clientId'] as string} --vendor stytch`)
    await secretless('clients search --vendor stytch')
    await secretless(`tokens list --vendor clerk --subject ${bed.issuer.clerkMachines.sender.id}`)
    await secretless(`clients update ${created['clientId'] as string} --vendor stytch --status active`)
    await secretless(`tokens revoke ${token['tokenId'] as string} --vendor clerk --yes`)
    expect(jsonLines(await cli('clients search --vendor stytch --json')).length).toBeGreaterThan(0)
  })
})
