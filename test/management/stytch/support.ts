import { onTestFinished } from 'vitest'
import type { StytchClients } from '../../../src/management/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'

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

/** A request that {@link answerAll} received. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
}

/** Sends the same response to every call about clients, and records the calls. */
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
