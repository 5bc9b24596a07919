import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.js'
import { failureOf } from '../../src/cli/output/failure.js'
import {
  authleteTokens,
  clerkTokens,
  ManagementError,
  oauthTokens,
  stytchClients,
  type Vendor,
} from '../../src/management/index.js'
import { cliBed } from '../support/cli.js'

const CLIENTS: Readonly<Record<Vendor, object>> = {
  clerk: clerkTokens({ secretKey: 'sk_test_1' }),
  stytch: stytchClients({ projectId: 'project-test-1', secret: 'secret-test-1' }),
  authlete: authleteTokens({ serviceId: '1', serviceAccessToken: 'x', apiUrl: 'https://us.authlete.com' }),
  oauth: oauthTokens({ issuer: 'https://auth.example.com', clientId: 'x', clientSecret: 'x' }),
}

/** Functions that the command line has nothing for. */
const WITHOUT_COMMAND = ['stytch token', 'authlete introspectStandard']

/** `secrets.rotateStart`: the functions of a client, those in its groups included. */
function functionsIn(client: object): readonly string[] {
  return Object.entries(client).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? functionsIn(value).map((inner) => `${name}.${inner}`)
      : typeof value === 'function'
        ? [name]
        : [],
  )
}

function adviceOf(vendor: Vendor, advice: string): string {
  const command = COMMANDS.find((one) => one.vendor === vendor)
  const error = new ManagementError({ vendor, operation: 'client.secrets.rotate', problem: 'no', advice })
  return failureOf(error, command, []).line
}

it('maps every management client function to exactly one command of its vendor', () => {
  const all = Object.entries(CLIENTS).flatMap(([vendor, client]) =>
    functionsIn(client).map((name) => `${vendor} ${name}`),
  )
  const named = COMMANDS.flatMap(({ vendor, functions }) =>
    functions.map((name) => `${vendor ?? ''} ${name}`),
  )
  expect([...named, ...WITHOUT_COMMAND].sort()).toEqual(all.sort())
})

describe('advice names the CLI command in place of the library function', () => {
  it.each<[Vendor, advice: string, shown: string]>([
    ['stytch', 'start one with secrets.rotateStart', 'start one with clients rotate-start'],
    [
      'stytch',
      'end it with secrets.rotate or secrets.rotateCancel, then',
      'end it with clients rotate or clients rotate-cancel, then',
    ],
    ['stytch', 'try authenticateToken.', 'try tokens verify.'],
    ['authlete', 'call reissueIdToken', 'call tokens reissue-id-token'],
    ['authlete', 'or revokeAllOfClientAndSubject', 'or tokens revoke'],
    ['clerk', 'secrets.rotate is not of this vendor', 'secrets.rotate is not of this vendor'],
    ['stytch', 'get it, or create or delete one', 'get it, or create or delete one'],
    ['stytch', 'secrets.rotateStartAgain, secrets.rotate.x', 'secrets.rotateStartAgain, secrets.rotate.x'],
  ])('%s: %s', (vendor, advice, shown) => {
    expect(adviceOf(vendor, advice)).toBe(`client.secrets.rotate: no. ${shown}`)
  })

  it('says how to continue if no rotation was started or one is already in progress', async () => {
    const { cli, env } = await cliBed()
    const bed = (word: string) =>
      cli(`clients ${word} ${env.stytch['STYTCH_CLIENT_ID']!} --vendor stytch --yes`)
    for (const word of ['rotate', 'rotate-cancel']) {
      const { code, stderr } = await bed(word)
      expect(code).toBe(1)
      expect(stderr).toMatch(/: start one with clients rotate-start\n$/)
    }
    const start = `clients rotate-start ${env.stytch['STYTCH_CLIENT_ID']!} --vendor stytch`
    expect(await cli(start)).toMatchObject({ code: 0 })
    const { stderr } = await cli(start)
    expect(stderr).toMatch(/^stytchClients\.secrets\.rotateStart: /)
    expect(stderr).toMatch(/: end it with clients rotate or clients rotate-cancel, then start another\n$/)
  })
})
