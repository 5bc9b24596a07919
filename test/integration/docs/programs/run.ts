import * as channels from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Server, type AddressInfo } from 'node:net'
import ts from 'typescript'
import { onTestFinished, vi } from 'vitest'
import type { TestIssuer } from 'm2m-guard/testing'
import { loadAsReader } from '../../../support/packed/packed-package.js'
import { createPreamble } from './create-preamble.js'
import type { Preamble } from './preamble.js'
import type { Block } from './support.js'

/** The addresses that stand for a reader's own, and what takes their place. */
const READERS_ISSUERS = /https:\/\/auth\.example\.com|http:\/\/127\.0\.0\.1:4000\b/g
const READERS_AUDIENCE = 'https://orders.internal'

/** Variables of the environment that must have the value they have at the test issuer. */
const VALUES: Readonly<Record<string, (issuer: TestIssuer) => string>> = {
  CLERK_MACHINE_SECRET_KEY: ({ clerkMachines }) => clerkMachines.receiver.secretKey,
  CLERK_SECRET_KEY: ({ clerkSecretKey }) => clerkSecretKey,
  STYTCH_PROJECT_ID: ({ stytchProject }) => stytchProject.projectId,
  STYTCH_SECRET: ({ stytchProject }) => stytchProject.secret,
  STYTCH_CLIENT_ID: ({ stytchProject }) => stytchProject.client.clientId,
  STYTCH_CLIENT_SECRET: ({ stytchProject }) => stytchProject.client.clientSecret,
}

/** URLs of the vendors, which blocks need not name. Calls to them reach the test issuer. */
const VENDORS: readonly (readonly [address: string, provider: 'clerk' | 'stytch'])[] = [
  ['https://api.clerk.com', 'clerk'],
  ['https://api.stytch.com', 'stytch'],
  ['https://test.stytch.com', 'stytch'],
]

/** The test issuer of the packed package. */
async function createTestIssuer(): Promise<TestIssuer> {
  const testing = (await loadAsReader('m2m-guard/testing')) as typeof import('m2m-guard/testing')
  return testing.createTestIssuer()
}

type TestBody = () => unknown

/** The method itself: a second block of a test must not find the replacement that the first one made. */
const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server

/** What is left of a block that has run. */
export interface Run {
  readonly issuer: TestIssuer
  readonly preamble: Preamble
  /** The addresses of the servers the block has started, in order. */
  readonly urls: readonly string[]
  /** What the block exports. */
  readonly exports: Readonly<Record<string, unknown>>
}

const AsyncFunction = Object.getPrototypeOf(runBlock).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>

/**
 * Runs a block as it stands, with the packed package, and with a test issuer in place of the reader's: only the issuer's address and the
 * audience are exchanged, ports are free ones, variables of the environment have some value, and what it
 * prints is kept from the screen. Tests a block declares are run at the end.
 *
 * @param shared - the test issuer of several blocks. By default, a block has its own.
 * @param replacements - further strings of the block, such as the address of a proxy, and what takes their place.
 */
export async function runBlock(
  block: Block,
  shared?: TestIssuer,
  replacements: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const issuer = shared ?? (await createTestIssuer())
  if (shared === undefined) onTestFinished(() => issuer.close())
  const listening = onFreePorts()
  callTestIssuer(issuer)
  vi.spyOn(console, 'log').mockReturnValue(undefined)
  for (const [, name = ''] of block.text.matchAll(/process\.env\.(\w+)/g))
    vi.stubEnv(name, VALUES[name]?.(issuer) ?? `value-of-${name}`)
  onTestFinished(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })

  const replaced = Object.entries(replacements).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    block.text,
  )
  const text = replaced.replaceAll(READERS_ISSUERS, issuer.url).replaceAll(READERS_AUDIENCE, issuer.audience)
  const tests: TestBody[] = []
  const endings: TestBody[] = []
  const modules = new Map<string, object>()
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
    },
  })
  // Of the output, because a package of which a block imports types only may be one that cannot be loaded.
  for (const { fileName } of ts.preProcessFile(outputText, true, true).importedFiles) {
    modules.set(fileName, await load(fileName, tests, endings))
  }
  const preamble = await createPreamble(issuer)
  const given = block.needs.map(({ from }) => preamble[from as keyof Preamble])
  const program = new AsyncFunction('require', 'exports', ...block.needs.map(({ name }) => name), outputText)
  const exports = {}
  await program((name: string) => modules.get(name), exports, ...given)
  for (const body of [...tests, ...endings]) await body()
  return { issuer, preamble, urls: await Promise.all(listening), exports }
}

/** From now on, what is meant for a vendor goes to the test issuer. */
function callTestIssuer({ endpoints }: TestIssuer): void {
  const real = globalThis.fetch
  vi.stubGlobal('fetch', (input: string | URL | Request, init?: RequestInit) => {
    const url = typeof input === 'string' ? input : undefined
    const [address, provider] = VENDORS.find(([vendor]) => url?.startsWith(vendor)) ?? []
    if (url === undefined || address === undefined || provider === undefined) return real(input, init)
    return real(endpoints[provider] + url.slice(address.length), init)
  })
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
}

async function load(name: string, tests: TestBody[], endings: TestBody[]): Promise<object> {
  if (name === 'node:test') {
    return {
      test: (_: string, body: TestBody) => tests.push(body),
      after: (body: TestBody) => endings.push(body),
    }
  }
  if (name === 'node:diagnostics_channel') return { ...channels, subscribe: subscribeForTest }
  // The mark by which compiled imports find `default` where it is.
  return { __esModule: true, ...(await loadAsReader(name)) }
}

/** Ends a subscription with the test. Test files share a process, whose decisions it would receive. */
function subscribeForTest(name: string, receive: channels.ChannelListener): void {
  channels.subscribe(name, receive)
  onTestFinished(() => void channels.unsubscribe(name, receive))
}

/**
 * From now on, servers listen on a free port of the loopback interface, and are closed when the test is over.
 * Gives the addresses they get.
 */
function onFreePorts(): readonly Promise<string>[] {
  const servers: Server[] = []
  const listening: Promise<string>[] = []
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    servers.push(this)
    listening.push(once(this, 'listening').then(() => addressOf(this)))
    return Reflect.apply(listen, this, [0, '127.0.0.1', ...args.filter((arg) => typeof arg === 'function')])
  })
  onTestFinished(() => {
    for (const server of servers) server.close()
  })
  return listening
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
