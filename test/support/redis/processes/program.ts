/** A process of a fleet: a guarded HTTP server with revocations in Redis, controlled through IPC. It writes a log. */
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createClient } from 'redis'
import { guard } from '../../../../adapters/express.js'
import { redisRevocations } from '../../../../adapters/redis.js'
import { createVerifier, oauth } from '../../../../src/index.js'
import { timers } from '../../../../src/util/timers.js'
import { answerMessages } from '../../processes/child.js'
import type { Line } from './decision-log.js'

/** How a process is started. */
export interface ProgramSettings {
  readonly redisPort: number
  readonly issuer: string
  readonly jwks: { readonly keys: object[] }
  /** Milliseconds since the epoch at the start of its clock. */
  readonly start: number
  readonly nudge: boolean
  readonly killAt?: KillPoint
}

/** Where a process ends with SIGKILL while it revokes: before or after it sends a command, or after the reply. */
export interface KillPoint {
  readonly command: 'EVALSHA' | 'EVAL' | 'ROLE' | 'WAIT'
  readonly when: 'before' | 'sent' | 'answered'
}

/** What a process can be told to do. Each is answered with its result. */
export interface Orders {
  readonly revoke: (tokenId: string) => Promise<string>
  /** Writes that a revocation was acknowledged. */
  readonly mark: (tokenId: string) => void
  /** Writes that Redis has lost its data. */
  readonly lose: () => void
  /** Waits for a complete reading that begins after this order. */
  readonly read: () => Promise<void>
  readonly reached: (receipt: string) => Promise<boolean>
  readonly pass: (seconds: number) => void
  readonly log: () => readonly Line[]
}

// Readings come at their interval, and no deadline of seconds passes because the machine is slow.
const original = { ...timers }
timers.after = (seconds, callback) => original.after(seconds < 1 ? seconds : seconds * 20, callback)

const settings = JSON.parse(process.argv[2] ?? '') as ProgramSettings
let milliseconds = settings.start
// Each look at the clock is later than the one before, so that "after" needs no real time.
const clock = (): number => (milliseconds += 1)
const log: Line[] = []

const client = createClient({
  socket: { host: '127.0.0.1', port: settings.redisPort, reconnectStrategy: () => 20 },
}).on('error', () => undefined)
await client.connect()

let isRevoking = false
const { killAt } = settings
const isDue = (command: string | undefined, when: KillPoint['when']): boolean =>
  isRevoking && killAt?.when === when && command === killAt.command
const die = (): void => void process.kill(process.pid, 'SIGKILL')
const killable = {
  sendCommand: async (args: string[]): Promise<unknown> => {
    const [command] = args
    if (isDue(command, 'before')) die()
    const reply = client.sendCommand(args)
    if (isDue(command, 'sent')) {
      // node-redis writes in a later turn. The reply is never seen.
      setImmediate(() => setImmediate(die))
      return new Promise(() => undefined)
    }
    await reply.catch(() => undefined)
    if (isDue(command, 'answered')) die()
    return reply
  },
}

const revocations = redisRevocations({
  client: killAt === undefined ? client : killable,
  interval: '100ms',
  nudge: settings.nudge,
  onEvent: () => undefined,
})
const verifier = createVerifier({
  issuers: [oauth({ issuer: settings.issuer, audience: null, jwks: settings.jwks })],
  revocations,
  clock,
})
await verifier.ready()
const asOf = (): number => revocations.health().asOf ?? 0

const orders: Orders = {
  revoke: async (tokenId) => {
    isRevoking = true
    const { receipt } = await revocations.revoke({ issuer: settings.issuer, tokenId })
    return receipt
  },
  mark: (acknowledged) => void log.push({ acknowledged, at: clock() / 1000 }),
  lose: () => void log.push({ lost: true }),
  read: async () => {
    const from = clock() / 1000
    // A pause, because each look passes time, and a reading must not be old when it is found.
    while (asOf() <= from) await new Promise((resolve) => setTimeout(resolve, 1))
  },
  reached: (receipt) => revocations.reached(receipt, { deadline: '1h' }),
  pass: (seconds) => void (milliseconds += seconds * 1000),
  log: () => log,
}

const app = express()
app.use((request, response, next) => {
  const before = { token: request.path.slice(1), at: clock() / 1000, asOf: asOf() }
  response.on('finish', () => void log.push({ ...before, status: response.statusCode, until: asOf() }))
  next()
})
app.use(guard(verifier, {}))
app.use((_, response) => void response.end())

const server = app.listen(0, '127.0.0.1', () => {
  const handle = ({ order, value }: { readonly order: keyof Orders; readonly value: never }): unknown =>
    orders[order](value)
  answerMessages(handle, (server.address() as AddressInfo).port)
})
