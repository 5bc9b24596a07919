import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.js'
import { cliBed, jsonOf, runWith } from '../support/cli.js'

const SECRET = 'ak_0123456789abcdefghijklmnopqrstuvwxyzABCD'
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtY2hfMSJ9.c2lnbmF0dXJl'

describe('invalid usage exits with 2, says how to correct it, and sends nothing', () => {
  it.each<[args: string, message: string]>([
    ['token create', 'Unknown command "token". Known are tokens, clients'],
    ['tokens crate', 'Unknown command tokens "crate". Known are create, '],
    [
      'clients create --vendor clerk',
      'clients create: not available for the vendor "clerk". Known are stytch',
    ],
    [
      'tokens list --vendor clark',
      'tokens list: not available for the vendor "clark". Known are clerk, authlete',
    ],
    ['tokens list --vendor clerk --subjct x', 'Unknown option --subjct. Known are --subject, --revoked'],
    ['tokens list --vendor clerk -x', 'Unknown option -x. Known are'],
    ['tokens list --vendor clerk', 'tokens list: --subject is required'],
    ['tokens list --vendor clerk --subject', '--subject: the value is missing.'],
    [
      'tokens list --vendor clerk --subject --json',
      '--subject: the value is missing. Write a value that begins with -- as --subject=VALUE',
    ],
    ['tokens list --vendor clerk --json=yes --subject x', '--json does not accept a value'],
    ['tokens list --vendor clerk --subject a --subject b', '--subject occurs twice'],
    ['tokens list --vendor clerk --vendor clerk --subject a', '--vendor occurs twice'],
    ['tokens list --vendor clerk --subject x', '--subject: must be the id of a machine (mch_...)'],
    ['tokens list --vendor clerk --subject mch_1 --limit -1', '--limit: must be an integer'],
    ['tokens list --vendor clerk --subject mch_1 --limit 1.5', '--limit: must be an integer'],
    ['tokens list --vendor clerk --subject mch_1 more', 'tokens list: accepts options only'],
    ['tokens list --vendor clerk --subject mch_1 --deadline 2m', '--deadline: must be a number of seconds'],
    ['tokens create --vendor clerk --format saml', "--format: must be 'opaque' or 'jwt'"],
    ['tokens create --vendor clerk -o tokn', "--output: must be 'token'"],
    [
      'tokens create --vendor clerk --expires-in 1.5h',
      '--expires-in: must be a number of seconds or a string',
    ],
    ['tokens create --vendor clerk --expires-in 0', '--expires-in: must be'],
    ['tokens create --vendor clerk --claims [1]', '--claims: must be a JSON object, in quotes'],
    ['tokens create --vendor clerk --yes', 'Unknown option --yes'],
    ['tokens revoke --vendor clerk', 'tokens revoke: <token-id> is missing'],
    [
      'tokens revoke mt_1 --vendor clerk',
      '<token-id>: must be the id of the token (mt_ and 32 hexadecimal digits)',
    ],
    ['tokens verify --vendor clerk', '<token> is missing: - for stdin, or env:NAME'],
    ['tokens verify - - --vendor clerk', 'tokens verify: accepts one argument, <token>, and options'],
    ['tokens verify - --vendor clerk', '<token>: stdin is empty'],
    ['tokens verify env:NOT_THERE --vendor clerk', '<token>: NOT_THERE is not set'],
    ['clients update x --vendor stytch', 'clients update: changes nothing'],
    ['clients update .. --vendor stytch --status active', '<client-id>: is not a valid id'],
    ['tokens create --vendor authlete --client-id 1 --property x', '--property: must be KEY=VALUE'],
    ['tokens create --vendor authlete --client-id 1 --grant-type PASSWORD', '--subject: is required'],
    [
      'tokens update --vendor authlete --token-id 1 --expires-at noon',
      '--expires-at: must be a time such as 2030-01-31T08:00:00Z',
    ],
    ['tokens update --vendor authlete --scopes a', 'tokens update: requires one of --token, '],
    [
      'tokens reissue-id-token --vendor authlete --token - --refresh-token -',
      '--token and --refresh-token cannot both be read from stdin',
    ],
    ['tokens create --vendor oauth --resource orders', '--resource: must be an absolute URL'],
  ])('%s', async (args, message) => {
    const { cli, issuer } = await cliBed()
    const result = await cli(args)
    expect(result.stderr).toContain(message)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr.trimEnd()).not.toContain('\n')
    expect(issuer.calls.total).toBe(0)
  })

  it.each(['', 'tokens', 'clients'])('%j alone lists the available commands', async (args) => {
    const { cli } = await cliBed()
    const result = await cli(args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(args === 'clients' ? 'clients rotate-start' : 'tokens introspect')
    if (args !== '') expect(result.stderr).not.toContain(args === 'clients' ? '  tokens ' : '  clients ')
  })
})

describe('a secret on the command line is refused, and not repeated', () => {
  it.each([
    `tokens create --vendor clerk --machine-secret-key ${SECRET}`,
    `tokens create --vendor clerk --secret-key=${SECRET}`,
    `clients search --vendor stytch --secret ${SECRET}`,
    `tokens create --vendor stytch --client-secret ${SECRET}`,
    `clients create --vendor stytch --scopes a --client-secret ${SECRET}`,
    `tokens list --vendor authlete --service-access-token ${SECRET}`,
    `tokens introspect --vendor oauth --token ${JWT}`,
    `tokens introspect ${JWT} --vendor oauth`,
    `tokens revoke --vendor authlete --token ${JWT}`,
    `tokens revoke ${JWT} --vendor clerk --yes`,
    `tokens revoke mt_${SECRET} --vendor clerk --yes`,
    `tokens list --vendor clerk --subject ${SECRET}`,
    `tokens ${JWT} --vendor clerk`,
    JWT,
    `tokens list --vendor ${SECRET}`,
    `tokens list --vendor clerk --${SECRET}`,
    `tokens list --vendor clerk --subject mch_1 ${SECRET}`,
    `clients get ${SECRET} --vendor stytch`,
  ])('%s', async (args) => {
    const { cli, issuer } = await cliBed()
    const result = await cli(args)
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).not.toMatch(/0123456789|eyJ/)
    expect(issuer.calls.total).toBe(0)
  })

  it('the message says where to pass the secret instead', async () => {
    const { cli } = await cliBed()
    const option = await cli(`tokens create --vendor clerk --secret-key ${SECRET}`)
    expect(option.stderr).toMatch(/environment variables \(CLERK_MACHINE_SECRET_KEY, /)
    const token = await cli(`tokens verify ${JWT} --vendor clerk`)
    expect(token.stderr).toMatch(/must be - \(stdin\) or env:NAME/)
  })
})

const OF_VENDORS = COMMANDS.filter(({ vendor }) => vendor !== undefined)

describe('environment variables', () => {
  it.each(OF_VENDORS.map((command) => [command.name, command.vendor ?? '', command] as const))(
    '%s --vendor %s names the missing variables',
    async (name, vendor, command) => {
      const operand =
        command.operand === undefined ? [] : command.operand.isSecret ? ['-'] : [idOf(command.name)]
      const required = Object.entries(command.options).flatMap(([option, { isRequired, isSecret }]) =>
        isRequired
          ? [`--${option.replace(/[A-Z]/g, (x) => `-${x.toLowerCase()}`)}`, isSecret ? '-' : 'x']
          : [],
      )
      const args = [...name.split(' '), ...operand, '--vendor', vendor, ...required]
      const result = await runWith(args, { env: { OTHER: 'x' }, stdin: 'token' })
      expect(result).toMatchObject({ code: 2, stdout: '' })
      const [set = []] = command.needs
      const verb = set.length === 1 ? 'is' : 'are'
      expect(result.stderr).toContain(`${name}: ${set.join(', ')} ${verb} not set. Set`)
    },
  )

  it('an empty variable counts as missing', async () => {
    const { cli } = await cliBed()
    const result = await cli('tokens list --vendor authlete', { variables: { AUTHLETE_API_URL: ' ' } })
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/^tokens list: AUTHLETE_API_URL is not set\./)
  })

  it.each([
    ['CLERK_MACHINE_SECRET_KEY', 'sk_not_of_a_machine', 'clerk', 'tokens create'],
    ['CLERK_API_URL', 'http://clerk.example.com', 'clerk', 'tokens create'],
    ['STYTCH_API_URL', 'not an address', 'stytch', 'clients search'],
    ['AUTHLETE_API_URL', 'ftp://x', 'authlete', 'tokens list'],
    ['AUTHLETE_SERVICE_ACCESS_TOKEN', 'with a space in it', 'authlete', 'tokens list'],
    ['OAUTH_ISSUER', 'http://auth.example.com', 'oauth', 'tokens revoke env:TOKEN --yes'],
  ])('an invalid %s is reported by name, without its value', async (name, value, vendor, args) => {
    const { cli } = await cliBed()
    const result = await cli(`${args} --vendor ${vendor}`, { variables: { [name]: value, TOKEN: 'x' } })
    expect(result.code).toBe(2)
    expect(result.stderr.startsWith(`${name}: must `)).toBe(true)
    expect(result.stderr).not.toContain(value)
  })

  it('--vendor may be omitted if only one vendor has credentials', async () => {
    const { cli, env, issuer } = await cliBed()
    expect(await cli('tokens create', { env: env.clerk })).toMatchObject({ code: 0 })
    const TOKEN = issuer.mintOpaque()
    const oauth = { ...env.oauth, ...env.clerk, TOKEN }
    expect(await cli('tokens introspect env:TOKEN', { env: oauth })).toMatchObject({ code: 0 })
    const two = await cli('tokens create', { env: { ...env.clerk, ...env.authlete } })
    expect(two).toMatchObject({ code: 2, stdout: '' })
    expect(two.stderr).toContain('specify --vendor clerk|stytch|authlete|oauth')
    expect(two.stderr).toContain(': clerk and authlete')
    const none = await cli('tokens create', { env: {} })
    expect(none).toMatchObject({ code: 2, stdout: '' })
    expect(none.stderr).toContain('no credentials for this command')
  })

  it('a token is read from a variable without its trailing line break', async () => {
    const { cli, issuer } = await cliBed()
    const TOKEN = `${issuer.mintOpaque({ scopes: 'a' })}\n`
    const result = await cli('tokens introspect env:TOKEN --vendor oauth --json', { variables: { TOKEN } })
    expect(jsonOf(result)).toMatchObject({ active: true })
  })
})

describe('--help', () => {
  it.each(COMMANDS.map((command) => [command.name, command.vendor ?? '', command] as const))(
    '%s --vendor %s: prints all options, variables and the example, and checks nothing else',
    async (name, vendor, command) => {
      const { code, stdout, stderr } = await runWith([...name.split(' '), '--vendor', vendor, '--help'], {})
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain(`m2m-guard ${command.example}\n`)
      expect(stdout).toContain(command.summary)
      for (const option of Object.keys(command.options))
        expect(stdout).toContain(`--${option.replace(/[A-Z]/g, (x) => `-${x.toLowerCase()}`)}`)
      for (const variable of command.needs.flat()) expect(stdout).toContain(variable)
      expect(stdout.includes('--yes')).toBe(command.isDestructive)
    },
  )

  it.each(['--help', '-h', 'tokens --help', 'tokens create --help', 'tokens create -h'])(
    '%s',
    async (args) => {
      const result = await runWith(args.split(' '), {})
      expect(result).toMatchObject({ code: 0, stderr: '' })
      expect(result.stdout).toContain('tokens create')
    },
  )
})

function idOf(name: string): string {
  return name.startsWith('tokens') ? `mt_${'0'.repeat(32)}` : 'client'
}
