import { Agent, createServer, request as send, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { manualClock, type TestClock } from '../../support/clock.js'
import { close, listen } from '../../support/servers/servers.js'
import { startIssuer } from '../../support/test-bed.js'
import { fail, HOSTS, policyOf, type Continue, type HostStep } from './hosts.js'
import type { Credentials, Step, TokenTruth, VerifierTruth } from './oracle.js'
import {
  RULES,
  type Scenario,
  type WrittenCredentials,
  type WrittenGuard,
  type WrittenStep,
} from './scenario.js'
import { fastifyTerminal, fetchTerminal, plainHandler, SEEN, type FastifyTerminal } from './terminals.js'
import { mintAll } from './tokens.js'

/** What a request brought: its status, and which token the handler saw (`none` if it saw none). */
interface Answer {
  readonly status: number
  readonly seen: string | undefined
}

/** Real issuers, verifiers and a server, on which scenarios are performed. */
export interface Stage extends Pick<TestClock, 'now' | 'pass'> {
  /** The tokens that scenarios refer to by index. */
  readonly tokens: () => readonly TokenTruth[]
  /** Everything that was reported since it was last emptied. */
  readonly reported: string[]
  /** The scenario as the oracle reads it. */
  readonly truthOf: (scenario: Scenario) => { readonly start: Credentials; readonly steps: readonly Step[] }
  /** The scenario with a real request. */
  readonly perform: (scenario: Scenario) => Promise<Answer>
}

/** Tokens are minted again before the shortest-lived of them would leave the scenarios. */
const MINT_EVERY_SECONDS = 300

export async function openStage(): Promise<Stage> {
  const { read, now, pass } = manualClock()
  const issuers = [
    await startIssuer({ clock: read, opaquePrefix: 'one_' }),
    await startIssuer({ clock: read, opaquePrefix: 'two_' }),
  ] as const
  const truths = verifierTruths(issuers)
  const reported: string[] = []
  const verifiers = truths.map((truth) =>
    verifierOf(truth, issuers, read, (event) => void reported.push(JSON.stringify(event))),
  )
  const fastify = await fastifyTerminals(verifiers)
  const server = await openServer()

  let pool: readonly TokenTruth[] = []
  let mintedAt = Number.NEGATIVE_INFINITY
  const tokens = (): readonly TokenTruth[] => {
    if (now() - mintedAt >= MINT_EVERY_SECONDS) {
      mintedAt = now()
      pool = issuers.flatMap((issuer) => mintAll(issuer, mintedAt))
    }
    return pool
  }
  const guardTruth = ({ verifier, rules, mode }: WrittenGuard) =>
    ({ kind: 'guard', verifier: truths[verifier]!, rules: RULES[rules]!, mode }) as const
  const guardIn = (guard: WrittenGuard) =>
    ({ ...guardTruth(guard), verifier: verifiers[guard.verifier]! }) as const

  const credentialsOf = ({ kind, index }: WrittenCredentials): Credentials =>
    kind === 'token' ? { kind, truth: pool[index]! } : { kind }
  const stepTruth = (step: WrittenStep): Step => {
    if (step.kind === 'guard') return guardTruth(step)
    if (step.kind === 'requirement') return { kind: 'requirement', rules: RULES[step.rules]! }
    return step.kind === 'time' ? step : { kind: 'credentials', credentials: credentialsOf(step.written) }
  }
  const hostStep = (step: WrittenStep): HostStep => {
    if (step.kind === 'guard') return guardIn(step)
    if (step.kind === 'requirement') return { kind: 'requirement', rules: RULES[step.rules]! }
    const apply = (request: IncomingMessage): void => {
      if (step.kind === 'time') pass(step.seconds)
      else setHeader(request, headerOf(step.written, pool))
    }
    return { kind: 'change', apply }
  }
  const terminalOf = ({ terminal }: Scenario): Continue => {
    if (terminal.kind === 'plain') return plainHandler
    if (terminal.kind === 'fetch') return fetchTerminal(terminal.guards.map(guardIn))
    const { verifier, mode, rules } = terminal.plugin
    return fastify[verifier]![mode][rules]!.at(terminal.route === 'open' ? 'open' : RULES[terminal.route]!)
  }
  const terminalTruth = ({ terminal }: Scenario): readonly Step[] => {
    if (terminal.kind === 'plain') return []
    if (terminal.kind === 'fetch') return [{ kind: 'copy' }, ...terminal.guards.map(guardTruth)]
    const { plugin, route } = terminal
    return route === 'open' ? [] : [{ ...guardTruth(plugin), added: RULES[route]! }]
  }
  return {
    now,
    pass,
    tokens,
    reported,
    truthOf: (scenario) => ({
      start: isSentTwice(scenario) ? { kind: 'twice' } : credentialsOf(scenario.start as WrittenCredentials),
      steps: [
        ...segmentsOf(scenario).flatMap(({ steps }) => steps.map(stepTruth)),
        ...terminalTruth(scenario),
      ],
    }),
    perform(scenario) {
      const handle = segmentsOf(scenario).reduceRight<Continue>(
        (next, { host, steps }) => HOSTS[host](steps.map(hostStep), next),
        terminalOf(scenario),
      )
      const { start } = scenario
      const header = start === 'twice' ? twice(pool[0]!.token) : headerOf(start, pool)
      return server.ask(handle, header)
    },
  }
}

function verifierTruths(issuers: readonly TestIssuer[]): readonly VerifierTruth[] {
  const urls = issuers.map(({ url }) => url)
  return [
    { name: 'one issuer', issuers: urls.slice(0, 1), rules: {} },
    { name: 'two issuers', issuers: urls, rules: { maxTokenAge: 1900 } },
    { name: 'nothing cached', issuers: urls, rules: { clients: ['billing', 'stock'] } },
  ]
}

function verifierOf(
  { name, issuers, rules }: VerifierTruth,
  all: readonly TestIssuer[],
  clock: () => number,
  onDecision: (event: unknown) => void,
): Verifier {
  const verifier = createVerifier({
    issuers: all.filter(({ url }) => issuers.includes(url)).map((issuer) => oauth(issuer.oauth())),
    policy: policyOf(rules),
    clock,
    onDecision,
    ...(name === 'nothing cached' ? { cache: false as const } : {}),
  })
  onTestFinished(() => verifier.close())
  return verifier
}

/** A Fastify application for every verifier, mode and policy of the plugin. */
function fastifyTerminals(verifiers: readonly Verifier[]) {
  const ofMode = (verifier: Verifier, mode: 'enforce' | 'report'): Promise<FastifyTerminal[]> =>
    Promise.all(RULES.map((rules) => fastifyTerminal({ verifier, rules, mode }, RULES)))
  return Promise.all(
    verifiers.map(async (verifier) => ({
      enforce: await ofMode(verifier, 'enforce'),
      report: await ofMode(verifier, 'report'),
    })),
  )
}

/** The segments, with the first guard in front of them. */
function segmentsOf({ first, segments }: Scenario): Scenario['segments'] {
  if (first === undefined) return segments
  return segments.map(({ host, steps }, index) => ({ host, steps: index === 0 ? [first, ...steps] : steps }))
}

/** On the wire a list of two values is two headers. */
function isSentTwice({ start }: Scenario): boolean {
  return start === 'twice' || (start.kind === 'malformed' && start.spelling === 1)
}

function twice(token: string): readonly string[] {
  return [`Bearer ${token}`, `Bearer ${token}`]
}

type Header = string | readonly string[] | undefined

function headerOf({ kind, index, spelling }: WrittenCredentials, pool: readonly TokenTruth[]): Header {
  const { token } = pool[index]!
  const spellings: Readonly<Record<WrittenCredentials['kind'], readonly Header[]>> = {
    none: [undefined, 'Basic YTpi', 'DPoP abc'],
    malformed: [`Bearer ${token} x`, twice(token), 'Bearer'],
    token: [`Bearer ${token}`, `bearer  ${token}`, [`Bearer ${token}`]],
  }
  return spellings[kind][spelling]
}

function setHeader(request: IncomingMessage, header: Header): void {
  if (header === undefined) delete request.headers.authorization
  else request.headers.authorization = header as string
}

/** A server whose handler is set for each request. */
async function openServer() {
  let handle: Continue = (_, response) => {
    fail(response)
  }
  const server = createServer((request, response) => {
    handle(request, response)
  })
  const port = await listen(server)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(async () => {
    agent.destroy()
    await close(server)
  })
  return {
    ask(by: Continue, authorization: Header): Promise<Answer> {
      handle = by
      const values = [authorization ?? []].flat()
      const headers = ['host', 'api.test', ...values.flatMap((value) => ['authorization', value])]
      return new Promise((resolve, reject) => {
        const options = { agent, port, host: '127.0.0.1', path: '/orders', headers: headers as never }
        const asked = send(options, (response) => {
          response.resume()
          response.on('end', () => {
            const { [SEEN]: seen } = response.headers
            resolve({ status: response.statusCode!, seen: typeof seen === 'string' ? seen : undefined })
          })
        })
        asked.on('error', reject)
        asked.end()
      })
    },
  }
}
