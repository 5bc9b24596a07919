import type { AtEnd } from '../../at-end.js'
import { startRedis, type RedisServer } from '../server.js'
import { violationsIn, type Line } from './decision-log.js'
import { startMember, type Member } from './member.js'
import { startRedisProxy, type RedisProxy } from './proxy.js'

/** Tokens that nobody revokes. */
const SPARED = ['spared-1', 'spared-2']

interface Place {
  readonly proxy: RedisProxy
  member: Member
  isConnected: boolean
}

/** What can happen to a fleet. */
const STEPS = [
  'revoke',
  'revoke',
  'revoke',
  'cut',
  'hold',
  'heal',
  'wait',
  'stale',
  'crash',
  'restart',
  'flush',
] as const
type Step = (typeof STEPS)[number]

/** What has happened, and the violations that the logs show. */
export interface Outcome {
  readonly responses: number
  readonly acknowledged: number
  readonly violations: readonly string[]
}

/** Processes with HTTP servers and one Redis, to which arbitrary things happen while requests come. */
export class Scenario {
  readonly #redis: RedisServer
  readonly #places: readonly Place[]
  readonly #atEnd: AtEnd
  readonly #random: () => number
  readonly #requested = new Set<string>()
  readonly #acknowledged = new Map<string, string>()
  readonly #logs: (readonly Line[])[] = []
  readonly #revoking = new Set<Promise<void>>()
  #responses = 0
  #crashes: number

  private constructor(
    redis: RedisServer,
    places: readonly Place[],
    {
      atEnd,
      random,
      crashes,
    }: { readonly atEnd: AtEnd; readonly random: () => number; readonly crashes: number },
  ) {
    this.#redis = redis
    this.#places = places
    this.#atEnd = atEnd
    this.#random = random
    this.#crashes = crashes
  }

  static async start(
    size: number,
    options: { readonly atEnd: AtEnd; readonly random: () => number; readonly crashes: number },
  ): Promise<Scenario> {
    const { atEnd } = options
    const redis = await startRedis([], atEnd)
    const places = await Promise.all(
      Array.from({ length: size }, async (_, index): Promise<Place> => {
        const proxy = await startRedisProxy(redis.port, atEnd)
        const member = await startMember(proxy.port, atEnd, { nudge: index % 2 === 1 })
        return { proxy, member, isConnected: true }
      }),
    )
    return new Scenario(redis, places, options)
  }

  /** Lets a number of things happen. Then everything is repaired, and everything revoked must be refused everywhere. */
  async run(count: number): Promise<Outcome> {
    // Drawn without putting back, so that also a short run has every kind.
    const bag: Step[] = []
    for (let index = 0; index < count; index += 1) {
      if (bag.length === 0) bag.push(...STEPS)
      const step = bag.splice(Math.floor(this.#random() * bag.length), 1)[0]!
      await this[step]()
      await this.#requestAll()
    }
    await this.#healAll()
    await Promise.all(this.#revoking)
    for (const { member } of this.#places)
      for (const receipt of this.#acknowledged.values()) await member.tell('reached', receipt)
    const last = await this.#requestAll()
    for (const { member } of this.#places) this.#logs.push(await member.tell('log'))
    const violations = this.#logs.flatMap((log) => violationsIn(log, this.#requested))
    for (const [token, statuses] of last) {
      const expected = this.#acknowledged.has(token) ? 401 : this.#requested.has(token) ? undefined : 200
      if (expected !== undefined && statuses.some((status) => status !== expected))
        violations.push(`at the end ${token} gets ${statuses.join(', ')} in place of ${expected}`)
    }
    return { responses: this.#responses, acknowledged: this.#acknowledged.size, violations }
  }

  /** Any process revokes a token. It is not waited for, because Redis may be away. */
  private revoke(): void {
    const token = `token-${this.#requested.size}`
    const { member } = this.#any()
    this.#requested.add(token)
    const revoking = (async () => {
      const receipt = await member.tell('revoke', token)
      this.#acknowledged.set(token, receipt)
      await Promise.all(this.#places.map((place) => place.member.tell('mark', token)))
    })().catch(() => undefined)
    this.#revoking.add(revoking)
    void revoking.then(() => this.#revoking.delete(revoking))
  }

  private cut(): void {
    const place = this.#any()
    place.proxy.cut()
    place.isConnected = false
  }

  private hold(): void {
    const place = this.#any()
    place.proxy.hold()
    place.isConnected = false
  }

  private heal(): void {
    const place = this.#any()
    place.proxy.heal()
    place.isConnected = true
  }

  /** A process that is connected reads. */
  private async wait(): Promise<void> {
    const place = this.#places.find(({ isConnected }) => isConnected)
    await place?.member.tell('read')
  }

  /** The clock of a process runs ahead, so that its last reading is too old. */
  private async stale(): Promise<void> {
    await this.#any().member.tell('pass', 31)
  }

  /** A process is killed, and another one takes its place. What only it knew is known to Redis or not acknowledged. */
  private async crash(): Promise<void> {
    if (this.#crashes === 0) return
    this.#crashes -= 1
    await this.#healAll()
    await Promise.all(this.#revoking)
    const place = this.#any()
    this.#logs.push(await place.member.tell('log'))
    await place.member.kill()
    place.member = await startMember(place.proxy.port, this.#atEnd)
    for (const token of this.#acknowledged.keys()) await place.member.tell('mark', token)
  }

  private async restart(): Promise<void> {
    await this.#lose(() => this.#redis.restart())
  }

  private async flush(): Promise<void> {
    await this.#lose(() => this.#redis.command('FLUSHALL'))
  }

  /** Redis loses its data. What was acknowledged counts again once every process has read and has written back. */
  async #lose(how: () => Promise<unknown>): Promise<void> {
    await this.#healAll()
    await Promise.all(this.#revoking)
    for (const { member } of this.#places) await member.tell('lose')
    await how()
    await Promise.all([this.#requestAll(), ...this.#places.map(({ member }) => member.tell('read'))])
    for (const token of this.#acknowledged.keys())
      for (const { member } of this.#places) await member.tell('mark', token)
  }

  async #healAll(): Promise<void> {
    for (const place of this.#places) {
      place.proxy.heal()
      place.isConnected = true
    }
    for (const { member } of this.#places) await member.tell('read')
  }

  /** Sends a request with every token to every process. */
  async #requestAll(): Promise<ReadonlyMap<string, readonly (number | undefined)[]>> {
    const tokens = [...this.#requested, `token-${this.#requested.size}`, ...SPARED]
    const all = await Promise.all(
      tokens.map(async (token) => {
        const statuses = await Promise.all(this.#places.map(({ member }) => member.request(token)))
        return [token, statuses] as const
      }),
    )
    this.#responses += all.length * this.#places.length
    return new Map(all)
  }

  #any(): Place {
    return this.#places[Math.floor(this.#random() * this.#places.length)]!
  }
}

/** Returns numbers from 0 to 1 that follow from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
