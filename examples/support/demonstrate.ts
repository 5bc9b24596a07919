import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { parseArgs } from 'node:util'
import type { TestIssuer } from 'm2m-guard/testing'

/** A request that an example sends to itself, and the expected status. */
export interface Attempt {
  /** Description for the output. */
  readonly what: string
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Creates the bearer token. With a real issuer, requests that need a token are skipped. */
  readonly token?: (issuer: TestIssuer) => string
  readonly status: number
}

/**
 * With `--once`, sends the requests, prints the responses and exits with code 0 if all are as expected, else 1.
 * Without `--once`, prints a curl command and keeps running until Ctrl-C.
 */
export async function demonstrate(
  server: Server,
  testIssuer: TestIssuer | undefined,
  attempts: readonly Attempt[],
): Promise<void> {
  const stopped = untilStopped()
  try {
    const isOnce = readOnce()
    if (!server.listening) await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    if (isOnce) {
      for (const attempt of attempts) await send(url, testIssuer, attempt)
    } else {
      console.log(`Listening on ${url} until Ctrl-C. Try:\n${curlLine(url, testIssuer, attempts)}`)
      await stopped
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode ??= 1
  }
  server.close()
  if ('closeAllConnections' in server) (server as HttpServer).closeAllConnections()
  await testIssuer?.close()
}

function readOnce(): boolean {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once
  } catch (error) {
    process.exitCode = 2
    throw error
  }
}

async function send(url: string, testIssuer: TestIssuer | undefined, attempt: Attempt): Promise<void> {
  const { what, path, method = 'GET', token, status } = attempt
  if (token !== undefined && testIssuer === undefined) {
    console.log(`---  ${method} ${path}, ${what}: skipped, because it needs a token of your issuer`)
    return
  }
  const authorization = token && testIssuer ? { authorization: `Bearer ${token(testIssuer)}` } : {}
  const response = await fetch(url + path, { method, headers: { ...attempt.headers, ...authorization } })
  const body = await response.text()
  console.log(`${response.status}  ${method} ${path}, ${what}: ${body}`)
  if (response.status === status) return
  console.log(`^ UNEXPECTED: expected ${status}`)
  process.exitCode = 1
}

/** The curl command for the first accepted request with a token. */
function curlLine(url: string, testIssuer: TestIssuer | undefined, attempts: readonly Attempt[]): string {
  const attempt = attempts.find(({ token, status }) => token !== undefined && status === 200)
  const token = testIssuer === undefined ? '$TOKEN' : (attempt?.token?.(testIssuer) ?? '')
  return `curl -i -H "Authorization: Bearer ${token}" ${url}${attempt?.path ?? '/'}`
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve()
      })
    }
  })
}
