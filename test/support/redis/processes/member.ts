import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { AtEnd } from '../../at-end.js'
import { START } from '../../clock.js'
import { keyOf, seal } from '../../tokens/forge.js'
import type { Orders, ProgramSettings } from './program.js'

const ISSUER = 'https://auth.example.com'
const key = keyOf('ES256')

/** Signs a token that all processes of a fleet accept. */
function tokenOf(tokenId: string): string {
  const iat = START / 1000 - 60
  const claims = { iss: ISSUER, sub: 'billing', jti: tokenId, iat, exp: iat + 1_000_000 }
  return seal(key, { alg: 'ES256', kid: key.kid, typ: 'at+jwt' }, claims)
}

/** A process of a fleet, as the test sees it. */
export interface Member {
  readonly child: ChildProcess
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

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly failure?: string
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
    jwks: { keys: [key.jwk] },
    start: START,
    nudge: false,
    ...settings,
  }
  const program = fileURLToPath(new URL('program.ts', import.meta.url))
  const args = ['--import', 'tsx', program, JSON.stringify(all)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const agent = new Agent({ keepAlive: true })
  const kill = async (): Promise<void> => {
    agent.destroy()
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  atEnd(kill)
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'))
    waiting.clear()
  })
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }]
  child.on('message', ({ id, result, failure }: Reply) => {
    if (failure === undefined) waiting.get(id)?.resolve(result as never)
    else waiting.get(id)?.reject(new Error(failure))
    waiting.delete(id)
  })
  let orders = 0
  return {
    child,
    request: (tokenId) => statusOf(agent, port, tokenId),
    tell: (order, ...[value]) =>
      new Promise((resolve, reject) => {
        orders += 1
        waiting.set(orders, { resolve, reject })
        if (child.connected) child.send({ id: orders, order, value })
        else reject(new Error('the process has ended'))
      }),
    kill,
  }
}

const tokens = new Map<string, string>()

function statusOf(agent: Agent, port: number, tokenId: string): Promise<number | undefined> {
  const token = tokens.get(tokenId) ?? tokenOf(tokenId)
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
