import { clerkTokens, ManagementError, type ClerkToken, type ClerkTokens } from '../../management/index.js'
import { command, omitUndefined, type CommandInput, type CommandResult } from '../command.js'
import { EXIT, CliError } from '../exit-code.js'
import { choice, duration, flag, number, object, required, text } from '../input/option.js'
import { valueOf } from '../input/environment.js'

const EITHER_KEY = [['CLERK_MACHINE_SECRET_KEY'], ['CLERK_SECRET_KEY']] as const
const LARGEST_PAGE = 100

function connect({ env, limits }: Pick<CommandInput<unknown>, 'env' | 'limits'>): ClerkTokens {
  const machineSecretKey = valueOf(env, 'CLERK_MACHINE_SECRET_KEY')
  const secretKey = valueOf(env, 'CLERK_SECRET_KEY')
  const apiUrl = valueOf(env, 'CLERK_API_URL')
  return clerkTokens({ ...limits, ...omitUndefined({ machineSecretKey, secretKey, apiUrl }) })
}

function shown(token: ClerkToken): { readonly item: object; readonly instead: Record<string, unknown> } {
  return { item: token, instead: token.expiresAt === null ? { expiresAt: 'never' } : {} }
}

const create = command({
  name: 'tokens create',
  vendor: 'clerk',
  functions: ['create'],
  summary: 'Creates a token of the machine whose key is used and prints it once.',
  options: {
    format: choice(['opaque', 'jwt'], 'opaque can be revoked, a JWT cannot; default opaque'),
    expiresIn: duration("lifetime of the token; default Clerk's setting"),
    claims: object('custom claims of the token'),
    minRemainingTtl: duration('reuses a token with the same claims and at least this remaining lifetime'),
  },
  example: `tokens create --vendor clerk --expires-in 1h --claims '{"scope":"orders:read"}'`,
  needs: [['CLERK_MACHINE_SECRET_KEY']],
  uses: ['CLERK_API_URL'],
  effect: 'changes',
  prepare: ({ values, signal, ...call }) => {
    const tokens = connect(call)
    return {
      run: async () => ({
        ...shown(await tokens.create(omitUndefined(values), { signal })),
        secrets: ['token'],
      }),
    }
  },
})

const list = command({
  name: 'tokens list',
  vendor: 'clerk',
  functions: ['list'],
  summary: 'Lists the opaque tokens of a machine, newest first. Clerk does not store JWTs.',
  options: {
    subject: required(text('MACHINE', 'the machine (mch_...) whose tokens are listed')),
    revoked: flag('includes revoked tokens'),
    expired: flag('includes expired tokens'),
    limit: number('N', 'maximum number of tokens; default all'),
    offset: number('N', 'skips this many of the newest tokens; default 0'),
  },
  example: 'tokens list --vendor clerk --subject mch_2xhFjEI5X2qWRvtV13BzSj8H6Dk --revoked --limit 20',
  needs: EITHER_KEY,
  uses: ['CLERK_API_URL'],
  effect: 'reads',
  prepare: ({ values: { limit, subject, ...rest }, signal, ...call }) => {
    const tokens = connect(call)
    const pageSize = Math.min(limit ?? LARGEST_PAGE, LARGEST_PAGE)
    return {
      run: () =>
        Promise.resolve({
          items: tokens.list({ subject, limit: pageSize, ...omitUndefined(rest) }, { signal }),
          limit,
          columns: ['tokenId', 'createdAt', 'expiresAt', 'lastUsedAt', 'revoked', 'expired'],
        }),
    }
  },
})

const revoke = command({
  name: 'tokens revoke',
  vendor: 'clerk',
  functions: ['revoke'],
  summary: 'Revokes an opaque token by its id. Clerk cannot revoke JWTs.',
  operand: {
    name: 'token-id',
    help: 'the id of the token (mt_ and 32 hexadecimal digits), which is not the token',
    isSecret: false,
    pattern: /^mt_[0-9A-Fa-f]{32}$/,
  },
  options: { reason: text('TEXT', 'reason that is stored with the token') },
  example: `tokens revoke mt_1f2e3d4c5b6a79880011223344556677 --vendor clerk --reason 'laptop lost'`,
  needs: EITHER_KEY,
  uses: ['CLERK_API_URL'],
  effect: 'destroys',
  prepare: ({ values, operand: tokenId, signal, ...call }) => {
    const tokens = connect(call)
    return {
      question: () => `Revoke the token ${tokenId} at Clerk? This cannot be undone.`,
      run: async () => shown(await tokens.revoke({ tokenId, ...omitUndefined(values) }, { signal })),
    }
  },
})

const verify = command({
  name: 'tokens verify',
  vendor: 'clerk',
  functions: ['verify'],
  summary: 'Verifies a token at Clerk, as the machine that receives it or as the instance.',
  operand: { name: 'token', help: 'source of the token', isSecret: true },
  options: {},
  example: 'tokens verify env:TOKEN --vendor clerk',
  needs: EITHER_KEY,
  uses: ['CLERK_API_URL'],
  effect: 'reads',
  prepare: ({ operand: token, signal, ...call }) => {
    const tokens = connect(call)
    return { run: () => verified(tokens, token, signal) }
  },
})

async function verified(tokens: ClerkTokens, token: string, signal: AbortSignal): Promise<CommandResult> {
  try {
    const found = await tokens.verify({ token }, { signal })
    return { ...shown(found), code: found.revoked || found.expired ? EXIT.tokenNotGood : EXIT.done }
  } catch (error) {
    // An error code of Clerk shows that the response comes from Clerk and not from another server.
    const isUnknown = error instanceof ManagementError && error.status === 404 && error.code !== undefined
    throw isUnknown ? new CliError(EXIT.tokenNotGood, error.message) : error
  }
}

export const CLERK_COMMANDS = [create, list, revoke, verify]
