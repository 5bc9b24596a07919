import { Agent, get } from 'node:http'
import { pathToFileURL } from 'node:url'
import type { AtEnd } from '../../at-end.js'
import { startChild } from '../../processes/child.js'
import { bundleProgram } from '../../processes/bundle.js'
import { START } from '../../clock.js'
import { ISSUER, JWKS, tokenOf } from './fleet-issuer.js'
import type { Orders, ProgramSettings } from './program.js'

/** A process of a fleet, as the test sees it. */
export interface Member {
  /** Sends a request with a token; `undefined` if the process has ended. */
  readonly request: (tokenId: string) => Promise<number | undefined>
  /** Tells it to do something. Rejects if that fails, or if the process has ended. */
  readonly tell: <Order extends keyof Orders>(
    order: Order,
    ...value: Parameters<Orders[Order]>
  ) => Promise<Awaited<ReturnType<Orders[Order]>>>
  /** Ends it as a crash does. */
  readonly kill: () => Promise<void>
}

/** Starts a process. It has read the revocations once when it is returned, and ends with the test. */
export async function startMember(
  redisPort: number,
  atEnd: AtEnd,
  settings: Partial<ProgramSettings> = {},
): Promise<Member> {
  const all = {
    redisPort,
    issuer: ISSUER,
    jwks: JWKS,
    start: START,
    nudge: false,
    ...settings,
  }
  const program = pathToFileURL(bundleProgram(new URL('program.ts', import.meta.url)))
  const child = await startChild(program, [JSON.stringify(all)], { atEnd })
  const agent = new Agent({ keepAlive: true })
  atEnd(() => {
    agent.destroy()
  })
  return {
    request: (tokenId) => statusOf(agent, child.ready as number, tokenId),
    tell: (order, ...[value]) => child.ask({ order, value }),
    kill: child.kill,
  }
}

const tokens = new Map<string, string>()

function statusOf(agent: Agent, port: number, tokenId: string): Promise<number | undefined> {
  const token = tokens.get(tokenId) ?? tokenOf(tokenId, START / 1000)
  tokens.set(tokenId, token)
  const headers = { authorization: `Bearer ${token}` }
  return new Promise((resolve) => {
    get({ agent, port, host: '127.0.0.1', path: `/${tokenId}`, headers }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode)
      })
      response.on('error', () => resolve(undefined))
    }).on('error', () => resolve(undefined))
  })
}
