import { onTestFinished } from 'vitest'
import { createVerifier, stytch, type Verifier } from '../../../src/index.js'
import {
  ManagementError,
  stytchClients,
  type StytchClients,
  type StytchClientsOptions,
} from '../../../src/management/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { START } from '../../support/clock.js'
import { startIssuer } from '../../support/test-bed.js'

/** A test issuer, our management client for its project, and a verifier of its tokens, living by one clock. */
export interface StytchManagementStage {
  readonly issuer: TestIssuer
  readonly options: StytchClientsOptions
  readonly clients: StytchClients
  readonly verifier: Verifier
  readonly pass: (seconds: number) => void
}

export async function stytchStage(extra: Partial<StytchClientsOptions> = {}): Promise<StytchManagementStage> {
  let now = START
  const clock = (): number => now
  const issuer = await startIssuer({ clock })
  const { projectId, secret } = issuer.stytchProject
  const options = { projectId, secret, apiUrl: issuer.endpoints.stytch, clock, ...extra }
  return {
    issuer,
    options,
    clients: stytchClients(options),
    verifier: createVerifier({ issuers: [stytch(issuer.stytch())], clock }),
    pass(seconds) {
      now += seconds * 1000
    },
  }
}

/** The failure that must come. */
export async function failureOf(work: PromiseLike<unknown>): Promise<ManagementError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ManagementError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** An operation on a client, by its name. */
export const ON_CLIENT: readonly [
  name: string,
  call: (clients: StytchClients, clientId: string) => Promise<unknown>,
][] = [
  ['get', (clients, clientId) => clients.get({ clientId })],
  ['update', (clients, clientId) => clients.update({ clientId, clientName: 'x' })],
  ['delete', (clients, clientId) => clients.delete({ clientId })],
  ['secrets.rotateStart', (clients, clientId) => clients.secrets.rotateStart({ clientId })],
  ['secrets.rotate', (clients, clientId) => clients.secrets.rotate({ clientId })],
  ['secrets.rotateCancel', (clients, clientId) => clients.secrets.rotateCancel({ clientId })],
]

/** What is asked for by a server that takes whatever comes. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
}

/** Answers every call about clients in the same way, and notes it. */
export function answerAll(
  issuer: TestIssuer,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): readonly Seen[] {
  const seen: Seen[] = []
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  for (const endpoint of ['stytchClients', 'stytchToken'] as const) {
    issuer.fail(endpoint, ({ method = '', url = '', headers: { authorization } }, response) => {
      seen.push({ method, url, authorization })
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
    })
  }
  onTestFinished(() => {
    issuer.heal()
  })
  return seen
}
