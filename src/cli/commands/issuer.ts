import { onAbort } from '../../util/abort.js'
import { isScopeToken, splitScopes } from '../../model/scopes.js'
import { createTestIssuer, type TestIssuer } from '../../testing/index.js'
import { command, omitUndefined, type CommandResult } from '../command.js'
import { ISSUER_CODES, UsageError } from '../exit-code.js'
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
  exitCodes: ISSUER_CODES,
  prepare: ({ values, env, signal }) => {
    const environment = env['NODE_ENV'] ?? ''
    if (PRODUCTION.test(environment))
      throw new UsageError(
        `issuer: does not start with NODE_ENV=${environment.trim()}, because it gives tokens to everyone`,
      )
    const clients = readClients(values.client ?? [])
    return {
      run: async () => {
        const running = await start(values)
        for (const client of clients) running.addClient(client)
        return resultOf(running, values, clients, signal)
      },
    }
  },
})

/** Values of `NODE_ENV` that mean production, such as `Production`, `prod` and `prod-eu`. */
const PRODUCTION = /^\s*prod(?:uction)?(?![a-z])/i

interface Client {
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes?: string
}

/** @throws UsageError for an invalid client, and for two clients with one id. */
function readClients(values: readonly string[]): readonly Client[] {
  const clients = values.map(readClient)
  const ids = clients.map(({ clientId }) => clientId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined)
    throw new UsageError(`--client: ${twice} occurs twice. Write all scopes of a client in one --client`)
  return clients
}

/** Matches a client id and a client secret (RFC 6749 appendix A.1 and A.2), without white space at the ends. */
const CREDENTIAL = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Reads `id:secret:scopes`. Scopes may contain colons; the id and the secret may not. */
function readClient(value: string): Client {
  const [clientId = '', clientSecret = '', ...rest] = value.split(':')
  if (clientId === '' || clientSecret === '')
    throw new UsageError(
      '--client: must be ID:SECRET or ID:SECRET:SCOPES, such as billing:secret:orders:read',
    )
  if (!CREDENTIAL.test(clientId) || !CREDENTIAL.test(clientSecret))
    throw new UsageError('--client: the id and the secret must be visible ASCII (RFC 6749 appendix A)')
  const scopes = splitScopes(rest.join(':'))
  if (!scopes.every(isScopeToken))
    throw new UsageError(
      '--client: each scope must be visible ASCII without quotation marks and backslashes (RFC 6749 section 3.3)',
    )
  return { clientId, clientSecret, ...(scopes.length === 0 ? {} : { scopes: scopes.join(' ') }) }
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

/** Encodes credentials for HTTP Basic (RFC 6749 section 2.3.1), without characters that a shell interprets in quotes. */
function formEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27')
}

/** Addresses that are all interfaces. */
const ALL_INTERFACES = /^(?:0\.0\.0\.0|::)$/

const LOOPBACK = /^(?:127\.|::1$|localhost$)/

function resultOf(
  running: TestIssuer,
  given: { readonly host: string | undefined; readonly url: string | undefined },
  clients: readonly Client[],
  signal: AbortSignal,
): CommandResult {
  const { url, audience, client: generated } = running
  const { host } = given
  const listed = clients.length === 0 ? [generated] : clients
  const warning =
    host === undefined || LOOPBACK.test(host)
      ? undefined
      : `it listens on ${host}: everyone who reaches this machine can obtain tokens`
  const hint =
    ALL_INTERFACES.test(host ?? '') && given.url === undefined
      ? `its tokens have iss ${url}, which only this machine reaches. For containers and other machines set --url to the name by which they reach it, such as --url http://issuer:${new URL(url).port}`
      : undefined
  const [first = generated] = listed
  const { insecureHosts } = running.oauth()
  const options = { issuer: url, audience, ...(insecureHosts === undefined ? {} : { insecureHosts }) }
  const lines = [
    ...(warning === undefined ? [] : [`Warning: ${warning}.`]),
    ...(hint === undefined ? [] : [`Note: ${hint}.`]),
    `Development issuer at ${url}, audience ${audience}`,
    ...listed.map(({ clientId, clientSecret }) => `Client ${clientId}, secret ${clientSecret}`),
    'Get a token:',
    `  curl -s -u '${formEncoded(first.clientId)}:${formEncoded(first.clientSecret)}' -d grant_type=client_credentials ${url}/token`,
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
      hint,
    },
    code: 0,
    until: stopped(running, signal),
  }
}

async function stopped(running: TestIssuer, signal: AbortSignal): Promise<void> {
  if (!signal.aborted)
    await new Promise<void>((resolve) => {
      onAbort(signal, resolve)
    })
  await running.close()
}

export const ISSUER_COMMANDS = [issuer]
