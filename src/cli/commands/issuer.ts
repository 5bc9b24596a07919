import { createTestIssuer, type TestIssuer } from '../../testing/index.js'
import { command, omitUndefined, type CommandResult } from '../command.js'
import { UsageError } from '../exit-code.js'
import { port, repeatable, text } from '../input/option.js'

const OPTIONS = {
  host: text('ADDRESS', 'the interface to listen on, such as 0.0.0.0 in a container; default 127.0.0.1'),
  port: port('the port; default 4100, 0 for a free one'),
  url: text('URL', 'the URL by which others reach it, such as http://issuer:4100; default host and port'),
  audience: text('AUDIENCE', 'the audience of its tokens; default https://api.test'),
  client: repeatable(
    text(
      'ID:SECRET[:SCOPES]',
      'a client, such as billing:secret:orders:read, with scopes separated by spaces',
    ),
  ),
} as const

const issuer = command({
  name: 'issuer',
  summary: 'Runs a development issuer until Ctrl-C: discovery, keys, tokens and introspection.',
  options: OPTIONS,
  example: 'issuer --port 4100 --client billing:secret:orders:read',
  needs: [],
  effect: 'reads',
  prepare: ({ values, env, signal }) => {
    if (env['NODE_ENV'] === 'production')
      throw new UsageError(
        'issuer: does not start with NODE_ENV=production, because it gives tokens to everyone',
      )
    const clients = (values.client ?? []).map(readClient)
    return {
      run: async () => {
        const running = await start(values)
        for (const client of clients) running.addClient(client)
        return resultOf(running, values.host, clients, signal)
      },
    }
  },
})

interface Client {
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes?: string
}

/** Reads `id:secret:scopes`. Scopes may contain colons; the id and the secret may not. */
function readClient(value: string): Client {
  const [clientId = '', clientSecret = '', ...rest] = value.split(':')
  if (clientId.trim() === '' || clientSecret.trim() === '')
    throw new UsageError(
      '--client: must be ID:SECRET or ID:SECRET:SCOPES, such as billing:secret:orders:read',
    )
  const scopes = rest.join(':').trim()
  return { clientId, clientSecret, ...(scopes === '' ? {} : { scopes }) }
}

async function start({
  host,
  port = 4100,
  url,
  audience,
}: {
  readonly host: string | undefined
  readonly port: number | undefined
  readonly url: string | undefined
  readonly audience: string | undefined
}): Promise<TestIssuer> {
  try {
    return await createTestIssuer(omitUndefined({ host, port, url, audience }))
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message.replace('createTestIssuer.', '--'))
    const { code } = error as { readonly code?: unknown }
    if (typeof code !== 'string') throw error
    throw new UsageError(`issuer: cannot listen on ${host ?? '127.0.0.1'}, port ${port} (${code})`)
  }
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/

function resultOf(
  running: TestIssuer,
  host: string | undefined,
  clients: readonly Client[],
  signal: AbortSignal,
): CommandResult {
  const { url, audience, client: generated } = running
  const listed = clients.length === 0 ? [generated] : clients
  const warning =
    host === undefined || LOOPBACK.test(host)
      ? undefined
      : `it listens on ${host}: everyone who reaches this machine can obtain tokens`
  const [first = generated] = listed
  const { insecureHosts } = running.oauth()
  const options = { issuer: url, audience, ...(insecureHosts === undefined ? {} : { insecureHosts }) }
  const lines = [
    ...(warning === undefined ? [] : [`Warning: ${warning}.`]),
    `Development issuer at ${url}, audience ${audience}`,
    ...listed.map(({ clientId, clientSecret }) => `Client ${clientId}, secret ${clientSecret}`),
    'Get a token:',
    `  curl -s -u '${first.clientId}:${first.clientSecret}' -d grant_type=client_credentials ${url}/token`,
    'Guard an API:',
    `  oauth(${JSON.stringify(options)})`,
    'Stop it with Ctrl-C.',
  ]
  return {
    report: `${lines.join('\n')}\n`,
    json: {
      url,
      audience,
      clients: listed.map(({ clientId, clientSecret }) => ({ clientId, clientSecret })),
      warning,
    },
    code: 0,
    until: stopped(running, signal),
  }
}

async function stopped(running: TestIssuer, signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true })
    })
  await running.close()
}

export const ISSUER_COMMANDS = [issuer]
