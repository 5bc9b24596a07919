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
import { tokenItem } from '../output/token-item.js'
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
  summary: "Obtains a token with a client's credentials and prints it once.",
  options: { scopes: text('SCOPES', "scopes, separated by spaces; default all of the client's") },
  example: `tokens create --vendor stytch --scopes 'read:orders'`,
  needs: [['STYTCH_PROJECT_ID', 'STYTCH_CLIENT_ID', 'STYTCH_CLIENT_SECRET']],
  uses: ['STYTCH_API_URL'],
  effect: 'reads',
  prepare: ({ values, env, signal, limits }) => {
    const apiUrl = valueOf(env, 'STYTCH_API_URL')
    // The credentials of the project are not needed here.
    const source = tokenSource({
      ...limits,
      stytch: { projectId: requiredVariable(env, 'STYTCH_PROJECT_ID'), ...omitUndefined({ apiUrl }) },
      clientId: requiredVariable(env, 'STYTCH_CLIENT_ID'),
      clientSecret: requiredVariable(env, 'STYTCH_CLIENT_SECRET'),
    })
    return {
      run: async () => ({ item: tokenItem(await source.getTokenInfo({ ...omitUndefined(values), signal })) }),
    }
  },
})

const verifyToken = command({
  name: 'tokens verify',
  vendor: 'stytch',
  functions: ['authenticateToken'],
  summary: "Verifies a token with the project's keys, as a guarded API does.",
  operand: { name: 'token', help: 'source of the token', isSecret: true },
  options: {
    scopes: text('SCOPES', 'required scopes, separated by spaces'),
    maxTokenAge: duration('refuses tokens of at least this age'),
    clockTolerance: duration('tolerance for clock differences; default 5s'),
    b2b: flag('the project is a B2B project'),
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
  clientName: text('TEXT', 'the name of the client'),
  clientDescription: text('TEXT', 'the purpose of the client'),
  trustedMetadata: object('metadata that is stored with the client'),
}

const create = command({
  name: 'clients create',
  vendor: 'stytch',
  functions: ['create'],
  summary: 'Creates a client and prints its secret once.',
  options: {
    scopes: required(text('SCOPES', 'scopes that the client may request, separated by spaces')),
    ...DESCRIBED,
    clientId: text('ID', 'imports a client with this id'),
    clientSecret: secret('imports a client with this secret'),
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
  summary: 'Lists the clients of the project that match every filter.',
  options: {
    clientId: repeatable(text('ID', 'clients with one of these ids')),
    clientName: repeatable(text('TEXT', 'clients with one of these exact names')),
    scope: repeatable(text('SCOPE', 'clients with one of these scopes')),
    any: flag('lists clients that match at least one filter'),
    limit: number('N', 'maximum number of clients; default all'),
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
  summary: 'Changes a client. Other settings are kept. Its tokens stay valid until they expire.',
  operand: CLIENT,
  options: {
    ...DESCRIBED,
    status: choice(['active', 'inactive'], 'an inactive client obtains no tokens'),
    scopes: text('SCOPES', 'replaces all scopes of the client'),
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

/** Creates a command whose only input is a client. A destructive one has a confirmation prompt. */
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
    'Deletes a client. Its tokens stay valid until they expire.',
    'destroys',
    async (clients, input, signal) => ({
      item: { ...(await clients.delete(input, { signal })), deleted: true },
    }),
    (client) => `Delete ${client}? This cannot be undone.`,
  ),
  onClient(
    'secrets.rotateStart',
    'Creates the next secret of a client and prints it once. Both secrets are then valid.',
    'changes',
    async (clients, input, signal) => ({
      item: await clients.secrets.rotateStart(input, { signal }),
      secrets: ['nextClientSecret'],
    }),
  ),
  onClient(
    'secrets.rotate',
    'Ends the current secret of a client, so that only the next one is valid.',
    'destroys',
    async (clients, input, signal) => ({ item: await clients.secrets.rotate(input, { signal }) }),
    (client, found) =>
      `End the current secret${endOf(found.clientSecretLastFour)} of ${client}? ` +
      'Processes that still use it obtain no more tokens.',
  ),
  onClient(
    'secrets.rotateCancel',
    'Discards the next secret of a client and keeps the current one.',
    'destroys',
    async (clients, input, signal) => ({ item: await clients.secrets.rotateCancel(input, { signal }) }),
    (client, found) =>
      `Discard the next secret${endOf(found.nextClientSecretLastFour)} of ${client}? ` +
      'Processes that already use it obtain no more tokens.',
  ),
]

export const STYTCH_COMMANDS = [createToken, verifyToken, create, search, update, ...ON_CLIENT]
