import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.js'
import { cliBed, type CliBed, jsonOf } from '../support/cli.js'
import { hashOf } from '../support/management.js'

interface Destruction {
  readonly args: string
  /** What the question must name. */
  readonly names: readonly string[]
}

async function ownClient({ cli }: CliBed): Promise<string> {
  const args = 'clients create --vendor stytch --scopes a --client-name billing --json'
  return jsonOf(await cli(args))['clientId'] as string
}

/** Every command that asks, with something to destroy. */
const DESTRUCTIONS: Readonly<Record<string, (bed: CliBed) => Promise<Destruction>>> = {
  'tokens revoke --vendor clerk': async ({ cli }) => {
    const id = jsonOf(await cli('tokens create --vendor clerk --json'))['tokenId'] as string
    return { args: `tokens revoke ${id} --vendor clerk`, names: [id] }
  },
  'clients delete --vendor stytch': async (bed) => {
    const id = await ownClient(bed)
    return { args: `clients delete ${id} --vendor stytch`, names: [id, '"billing"'] }
  },
  'clients rotate --vendor stytch': async (bed) => {
    const id = await ownClient(bed)
    const { clientSecretLastFour } = jsonOf(
      await bed.cli(`clients rotate-start ${id} --vendor stytch --json`),
    )
    const names = [id, '"billing"', `ends with ${clientSecretLastFour as string}`]
    return { args: `clients rotate ${id} --vendor stytch`, names }
  },
  'clients rotate-cancel --vendor stytch': async (bed) => {
    const id = await ownClient(bed)
    const { nextClientSecretLastFour } = jsonOf(
      await bed.cli(`clients rotate-start ${id} --vendor stytch --json`),
    )
    const names = [id, '"billing"', `ends with ${nextClientSecretLastFour as string}`]
    return { args: `clients rotate-cancel ${id} --vendor stytch`, names }
  },
  'tokens delete --vendor authlete': ({ issuer }) => {
    const hash = hashOf(issuer.mintOpaque({ provider: 'authlete' }))
    return Promise.resolve({ args: `tokens delete --vendor authlete --token-hash=${hash}`, names: [hash] })
  },
  'tokens revoke --vendor authlete': ({ issuer }) => {
    const hash = hashOf(issuer.mintOpaque({ provider: 'authlete' }))
    return Promise.resolve({
      args: `tokens revoke --vendor authlete --token-hash=${hash}`,
      names: [hash, 'token that belongs to it'],
    })
  },
  'tokens revoke --vendor authlete, all': ({ issuer }) => {
    for (let count = 0; count < 3; count += 1) issuer.mintOpaque({ provider: 'authlete', subject: 'john' })
    const { clientId } = issuer.authleteService
    return Promise.resolve({
      args: `tokens revoke --vendor authlete --all-of-client ${clientId} --all-of-subject john`,
      names: ['EVERY token', clientId, '"john"', '(3 now)'],
    })
  },
  'tokens revoke --vendor oauth': ({ issuer }) =>
    Promise.resolve({
      args: 'tokens revoke env:TOKEN --vendor oauth',
      names: [issuer.url, Buffer.from(hashOf('a token'), 'base64url').toString('hex').slice(0, 16)],
    }),
}

const VARIABLES = { variables: { TOKEN: 'a token' } }

/** The calls that change something. */
function changesOf({ issuer: { calls } }: CliBed): number {
  return calls.clerkTokens + calls.stytchClients + calls.authleteTokens + calls.revocation
}

it('the table covers every destructive command of a vendor', () => {
  // The other one is `revoke`, which needs Redis: revocations.test.ts.
  const destroying = COMMANDS.filter(({ isDestructive, vendor }) => isDestructive && vendor !== undefined)
  const names = destroying.map(({ name, vendor }) => `${name} --vendor ${vendor}`)
  expect(
    Object.keys(DESTRUCTIONS)
      .filter((name) => !name.endsWith(', all'))
      .sort(),
  ).toEqual(names.sort())
})

describe.each(Object.entries(DESTRUCTIONS))('%s', (_, prepare) => {
  it.each(['y', 'Y', 'yes', ' y \n'])('proceeds after %j', async (answer) => {
    const bed = await cliBed()
    const { args, names } = await prepare(bed)
    const result = await bed.cli(args, { ...VARIABLES, answer })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.asked).toHaveLength(1)
    for (const name of names) expect(result.asked[0]).toContain(name)
    expect(result.asked[0]).toMatch(/\? .*\. \[y\/N\] $/)
  })

  it.each(['n', '', 'no', 'yess', 'j', 'ye s'])('does not proceed after %j', async (answer) => {
    const bed = await cliBed()
    const { args } = await prepare(bed)
    const result = await bed.cli(args, { ...VARIABLES, answer })
    expect(result).toMatchObject({ code: 3, stdout: '', stderr: 'Not confirmed. Nothing was changed\n' })
    // It is still there to be destroyed.
    expect(await bed.cli(`${args} --yes`, VARIABLES)).toMatchObject({ code: 0 })
  })

  it('without a terminal and --yes it is refused, and nothing is sent', async () => {
    const bed = await cliBed()
    const { args } = await prepare(bed)
    bed.issuer.resetCalls()
    const result = await bed.cli(args, VARIABLES)
    expect(result).toMatchObject({ code: 3, stdout: '', asked: [] })
    expect(result.stderr).toContain('without a terminal. Use --yes')
    expect(bed.issuer.calls.total).toBe(0)
    expect(await bed.cli(`${args} --yes`, VARIABLES)).toMatchObject({ code: 0, asked: [] })
    expect(changesOf(bed)).toBe(1)
  })
})

it('shows no prompt if stdin contained the token, even at a terminal', async () => {
  const { cli, issuer } = await cliBed()
  const result = await cli('tokens revoke - --vendor oauth', { stdin: issuer.mintOpaque(), answer: 'y' })
  expect(result).toMatchObject({ code: 3, asked: [] })
  expect(result.stderr).toContain('because stdin contained the token. Use --yes')
  expect(issuer.calls.total).toBe(0)
})

it('shows no prompt for a client that does not exist', async () => {
  const { cli } = await cliBed()
  const result = await cli('clients delete m2m-client-test-nobody --vendor stytch', { answer: 'y' })
  expect(result).toMatchObject({ code: 1, asked: [] })
})

it('escapes control characters of a client name in the prompt', async () => {
  const { cli } = await cliBed()
  const create = ['clients', 'create', '--vendor', 'stytch', '--scopes', 'a', '--json']
  const created = jsonOf(await cli([...create, '--client-name', 'x\u001b[2J\u202ey']))
  const result = await cli(`clients delete ${created['clientId'] as string} --vendor stytch`, { answer: 'n' })
  expect(result.asked[0]).toContain('x\\u001b[2J\\u{202e}y')
})
