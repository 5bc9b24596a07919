import { tokenSource } from '../../client/index.js'
import {
  stytchClients,
  type StytchClient,
  type StytchClients,
  type StytchSearchOperand,
} from '../../management/index.js'
import {
  command,
  omitUndefined,
  type CommandInput,
  type Command,
  type Operand,
  type CommandResult,
} from '../command.js'
import {
  choice,
  duration,
  flag,
  number,
  object,
  required,
  secret,
  repeatable,
  text,
  toFlag,
} from '../input/option.js'
import { requiredVariable, valueOf } from '../input/environment.js'

const PROJECT = [['STYTCH_PROJECT_ID', 'STYTCH_SECRET']] as const
const LARGEST_PAGE = 1000

function connect(
  { env, limits }: Pick<CommandInput<unknown>, 'env' | 'limits'>,
  more: { readonly b2b?: true } = {},
): StytchClients {
  const [projectId, projectSecret] = [
    requiredVariable(env, 'STYTCH_PROJECT_ID'),
    requiredVariable(env, 'STYTCH_SECRET'),
  ]
  const apiUrl = valueOf(env, 'STYTCH_API_URL')
  return stytchClients({ ...limits, ...more, projectId, secret: projectSecret, ...omitUndefined({ apiUrl }) })
}

const createToken = command({
  name: 'tokens create',
  vendor: 'stytch',
  summary: "Obtains a token with a client's own credentials, and shows it this once.",
  options: { scopes: text('SCOPES', 'a part of what the client may have; default all of it') },
  example: `tokens create --vendor stytch --scopes 'read:orders'`,
  needs: [['STYTCH_PROJECT_ID', 'STYTCH_CLIENT_ID', 'STYTCH_CLIENT_SECRET']],
  uses: ['STYTCH_API_URL'],
  effect: 'reads',
  prepare: ({ values, env, signal, limits }) => {
    const apiUrl = valueOf(env, 'STYTCH_API_URL')
    // The credentials of the project have no business here: a client's own are enough.
    const source = tokenSource({
      ...limits,
      stytch: { projectId: requiredVariable(env, 'STYTCH_PROJECT_ID'), ...omitUndefined({ apiUrl }) },
      clientId: requiredVariable(env, 'STYTCH_CLIENT_ID'),
      clientSecret: requiredVariable(env, 'STYTCH_CLIENT_SECRET'),
    })
    return {
      run: async () => ({ item: { token: await source.getToken({ ...omitUndefined(values), signal }) } }),
    }
  },
})

const verifyToken = command({
  name: 'tokens verify',
  vendor: 'stytch',
  functions: ['authenticateToken'],
  summary: "Judges a token with the project's keys, as a guarded API does.",
  operand: { name: 'token', help: 'where the token is', isSecret: true },
  options: {
    scopes: text('SCOPES', 'all of them are required'),
    maxTokenAge: duration('refuses a token that is this old'),
    clockTolerance: duration('how far clocks may disagree; default 5s'),
    b2b: flag('the project is a B2B one'),
  },
  example: `tokens verify env:TOKEN --vendor stytch --scopes 'read:orders' --max-token-age 15m`,
  needs: PROJECT,
  uses: ['STYTCH_API_URL'],
  effect: 'reads',
  prepare: ({ values: { b2b, ...policy }, operand: token, signal, ...call }) => {
    const clients = connect(call, omitUndefined({ b2b }))
    return {
      run: async () => ({
        item: await clients.authenticateToken({ token, ...omitUndefined(policy) }, { signal }),
      }),
    }
  },
})

const CLIENT: Operand = { name: 'client-id', help: 'the id of the client', isSecret: false }

const DESCRIBED = {
  clientName: text('TEXT', 'its name'),
  clientDescription: text('TEXT', 'what it is for'),
  trustedMetadata: object("kept with the client for the project's own use"),
}

const create = command({
  name: 'clients create',
  vendor: 'stytch',
  functions: ['create'],
  summary: 'Creates a client, and shows its secret this once.',
  options: {
    scopes: required(text('SCOPES', 'what its tokens may be for: one text with spaces')),
    ...DESCRIBED,
    clientId: text('ID', 'imports a client under an id of your own'),
    clientSecret: secret('imports a client with its secret'),
  },
  example: `clients create --vendor stytch --client-name billing --scopes 'read:orders write:orders'`,
  needs: PROJECT,
  uses: ['STYTCH_API_URL'],
  effect: 'changes',
  prepare: ({ values: { scopes, ...rest }, signal, ...call }) => {
    const clients = connect(call)
    return {
      run: async () => ({
        item: await clients.create({ scopes, ...omitUndefined(rest) }, { signal }),
        secrets: ['clientSecret'],
      }),
    }
  },
})

const search = command({
  name: 'clients search',
  vendor: 'stytch',
  functions: ['search'],
  summary: 'Lists clients: all of the project, or those that every filter finds.',
  options: {
    clientId: repeatable(text('ID', 'those with one of these ids')),
    clientName: repeatable(text('TEXT', 'those with one of these very names')),
    scope: repeatable(text('SCOPE', 'those with one of these scopes')),
    any: flag('one filter is enough'),
    limit: number('N', 'at most so many; default all'),
  },
  example: 'clients search --vendor stytch --scope read:orders --limit 20',
  needs: PROJECT,
  uses: ['STYTCH_API_URL'],
  effect: 'reads',
  prepare: ({ values, signal, ...call }) => {
    const clients = connect(call)
    const filters: readonly [StytchSearchOperand['filterName'], readonly string[] | undefined][] = [
      ['client_id', values.clientId],
      ['client_name', values.clientName],
      ['scopes', values.scope],
    ]
    const operands = filters.flatMap(([filterName, filterValue]) =>
      filterValue === undefined ? [] : [{ filterName, filterValue }],
    )
    const operator = values.any === true ? ('OR' as const) : ('AND' as const)
    const limit = Math.min(values.limit ?? LARGEST_PAGE, LARGEST_PAGE)
    const input = operands.length === 0 ? { limit } : { limit, query: { operator, operands } }
    return {
      run: () =>
        Promise.resolve({
          items: clients.search(input, { signal }),
          limit: values.limit,
          columns: ['clientId', 'clientName', 'status', 'scopes', 'nextClientSecretLastFour'],
        }),
    }
  },
})

const update = command({
  name: 'clients update',
  vendor: 'stytch',
  functions: ['update'],
  summary: 'Changes a client. What is not named stays; tokens it has stay good until they expire.',
  operand: CLIENT,
  options: {
    ...DESCRIBED,
    status: choice(['active', 'inactive'], 'an inactive client obtains no tokens'),
    scopes: text('SCOPES', 'all it may have from now on, in place of what it had'),
  },
  example:
    'clients update m2m-client-test-d731954d-dab3-4a2b-bdee-07f3ad1be888 --vendor stytch --status inactive',
  needs: PROJECT,
  uses: ['STYTCH_API_URL'],
  effect: 'changes',
  prepare: ({ values, operand: clientId, signal, ...call }) => {
    const clients = connect(call)
    return {
      run: async () => ({ item: await clients.update({ clientId, ...omitUndefined(values) }, { signal }) }),
    }
  },
})

type Act = (
  clients: StytchClients,
  input: { clientId: string },
  signal: AbortSignal,
) => Promise<CommandResult>

/** The commands that take a client and nothing else, by their functions; one that asks says what will become of it. */
function onClient(
  operation: string,
  summary: string,
  effect: 'reads' | 'changes' | 'destroys',
  act: Act,
  ask?: (client: string, found: StytchClient) => string,
): Command {
  const word = toFlag(operation.replace(/^secrets\./, '')).slice(2)
  return command({
    name: `clients ${word}`,
    vendor: 'stytch',
    functions: [operation],
    summary,
    operand: CLIENT,
    options: {},
    example: `clients ${word} m2m-client-test-d731954d-dab3-4a2b-bdee-07f3ad1be888 --vendor stytch`,
    needs: PROJECT,
    uses: ['STYTCH_API_URL'],
    effect,
    prepare: ({ operand: clientId, signal, ...call }) => {
      const clients = connect(call)
      const question = async (): Promise<string> => {
        const found = await clients.get({ clientId }, { signal })
        const name = found.clientName === '' ? 'without a name' : JSON.stringify(found.clientName)
        return ask?.(`the client ${clientId} (${name}) at Stytch`, found) ?? ''
      }
      return { ...(ask === undefined ? {} : { question }), run: () => act(clients, { clientId }, signal) }
    },
  })
}

const endOf = (lastFour: string | null): string => (lastFour === null ? '' : ` that ends with ${lastFour}`)

const ON_CLIENT = [
  onClient('get', 'Shows a client.', 'reads', async (clients, input, signal) => ({
    item: await clients.get(input, { signal }),
  })),
  onClient(
    'delete',
    'Deletes a client. Its tokens stay good until they expire.',
    'destroys',
    async (clients, input, signal) => ({
      item: { ...(await clients.delete(input, { signal })), deleted: true },
    }),
    (client) => `Delete ${client}? It cannot be brought back.`,
  ),
  onClient(
    'secrets.rotateStart',
    'Makes the next secret of a client, and shows it this once. From now on both are good.',
    'changes',
    async (clients, input, signal) => ({
      item: await clients.secrets.rotateStart(input, { signal }),
      secrets: ['nextClientSecret'],
    }),
  ),
  onClient(
    'secrets.rotate',
    'Makes the next secret of a client the only one.',
    'destroys',
    async (clients, input, signal) => ({ item: await clients.secrets.rotate(input, { signal }) }),
    (client, found) =>
      `End the current secret${endOf(found.clientSecretLastFour)} of ${client}? ` +
      'Whoever still uses it gets no more tokens.',
  ),
  onClient(
    'secrets.rotateCancel',
    'Gives up the next secret of a client; the current one stays.',
    'destroys',
    async (clients, input, signal) => ({ item: await clients.secrets.rotateCancel(input, { signal }) }),
    (client, found) =>
      `Give up the next secret${endOf(found.nextClientSecretLastFour)} of ${client}? ` +
      'Whoever already uses it gets no more tokens.',
  ),
]

export const STYTCH_COMMANDS = [createToken, verifyToken, create, search, update, ...ON_CLIENT]
