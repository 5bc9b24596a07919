import type { LookupAddress } from 'node:dns'
import { elapsedLifetime, timers } from '../../util/timers.js'
import { HangingLane } from './hanging-lane.js'
import { localAddresses } from './local-addresses.js'
import { SharedResult } from './shared-result.js'

/** Sources of host addresses. */
export interface LookupSources {
  /** Resolves a host with the operating system. It occupies a thread until it ends, and cannot be cancelled. */
  readonly resolve: (host: string, family: LookupFamily) => Promise<readonly LookupAddress[]>
  /**
   * Finds the address family for which the name servers respond, with or without addresses; `undefined` if they do not
   * respond. It occupies no thread.
   */
  readonly findRespondingFamily: (host: string) => Promise<LookupFamily | undefined>
  /** Number of lookups that the operating system runs concurrently. */
  readonly slots: () => number
}

/** Address family of a lookup, as in `dns.lookup`: 0 for every family that the system uses. */
export type LookupFamily = 0 | 4 | 6

/** Seconds that addresses are cached. */
const FRESH = 10
/** Seconds after which a caller gets the last known addresses while a lookup is still running. */
const PATIENCE = 0.5
/** Seconds after which a lookup of the operating system counts as hanging. A slow name server needs less. */
const HANGS = 2
/** Seconds that a failed lookup is cached. */
const FAILED = 1
/** Maximum number of cached hosts. The least recently used host is evicted first. */
const MOST_HOSTS = 256

interface HostRecord {
  addresses?: readonly LookupAddress[]
  freshUntil: number
  failure?: Error
  failedUntil: number
  /** Whether the latest lookup of the operating system hung. */
  hasHung: boolean
  /** Whether it hung although the name servers had responded. */
  isMisjudged: boolean
  running?: { readonly result: SharedResult<readonly LookupAddress[]>; isOverdue: boolean }
}

/**
 * Looks up hosts for all issuers of the process, so that name servers that do not respond delay only their own hosts. The
 * operating system looks up two hosts at a time per process, and a hanging lookup occupies its thread for 10 s or longer
 * (`resolv.conf(5)`: `timeout`, `attempts`). Therefore:
 *
 * - Concurrent callers of a host share one lookup.
 * - A query that occupies no thread first checks whether a lookup would hang. Hosts that hang share one thread, in turn.
 * - If the name servers respond for one address family only, the operating system does not look up the other.
 * - Addresses stay cached. If a further lookup takes too long, the last known addresses are used.
 */
export class HostLookup {
  readonly #sources: LookupSources
  readonly #lane: HangingLane
  readonly #hosts = new Map<string, HostRecord>()

  constructor(sources: LookupSources) {
    this.#sources = sources
    this.#lane = new HangingLane(HANGS)
  }

  /**
   * Returns the addresses of a host.
   *
   * @throws The error of the lookup, with a system error code.
   * @throws The reason of `signal` if it is aborted.
   */
  async addresses(hostname: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    const host = hostname.toLowerCase()
    const local = localAddresses(host)
    if (local !== undefined) return local
    signal.throwIfAborted()
    const record = this.#recordOf(host)
    const now = elapsedLifetime()
    if (record.addresses !== undefined && now < record.freshUntil) return record.addresses
    if (record.failure !== undefined && now < record.failedUntil) return addressesOf(record, record.failure)
    record.running ??= this.#start(host, record)
    if (record.running.isOverdue && record.addresses !== undefined) return record.addresses
    return record.running.result.wait(signal)
  }

  /** Number of waiting callers and of cached hosts. */
  get load(): { readonly waiting: number; readonly hosts: number } {
    let waiting = 0
    for (const { running } of this.#hosts.values()) waiting += running?.result.waiting ?? 0
    return { waiting, hosts: this.#hosts.size }
  }

  #recordOf(host: string): HostRecord {
    const record = this.#hosts.get(host) ?? {
      freshUntil: 0,
      failedUntil: 0,
      hasHung: false,
      isMisjudged: false,
    }
    // Reinserted, so that the map is ordered by last use.
    this.#hosts.delete(host)
    this.#hosts.set(host, record)
    return record
  }

  #start(host: string, record: HostRecord): NonNullable<HostRecord['running']> {
    const running = { result: new SharedResult<readonly LookupAddress[]>(), isOverdue: false }
    const cancelPatience = timers.after(PATIENCE, () => {
      running.isOverdue = true
      if (record.addresses !== undefined) running.result.resolve(record.addresses)
    })
    this.#lookUp(host, record)
      .then(
        (addresses) => {
          record.addresses = addresses
          record.freshUntil = elapsedLifetime() + FRESH
          delete record.failure
          running.result.resolve(addresses)
        },
        (error: unknown) => {
          this.#fail(record, running.result, error as NodeJS.ErrnoException)
        },
      )
      .finally(() => {
        cancelPatience()
        delete record.running
        this.#removeOldest()
      })
    return running
  }

  #fail(
    record: HostRecord,
    result: SharedResult<readonly LookupAddress[]>,
    error: NodeJS.ErrnoException,
  ): void {
    // `ENOTFOUND` means that the host has no address any more. Other failures say nothing about the host.
    if (error.code === 'ENOTFOUND') delete record.addresses
    record.failure = error
    record.failedUntil = elapsedLifetime() + FAILED
    if (record.addresses === undefined) result.reject(error)
    else result.resolve(record.addresses)
  }

  async #lookUp(host: string, record: HostRecord): Promise<readonly LookupAddress[]> {
    const family = await this.#sources.findRespondingFamily(host).catch(() => undefined)
    // A lookup that hangs would occupy the only slot of the process.
    if (family === undefined && this.#sources.slots() < 2) throw createNoResponseError()
    const resolve = (): Promise<readonly LookupAddress[]> => this.#resolve(host, record, family)
    return family === undefined || record.isMisjudged
      ? this.#lane.takeTurn(resolve, record.hasHung)
      : this.#lane.watch(resolve)
  }

  async #resolve(
    host: string,
    record: HostRecord,
    family: LookupFamily | undefined,
  ): Promise<readonly LookupAddress[]> {
    const started = timers.elapsed()
    try {
      return await this.#sources.resolve(host, family ?? 0)
    } catch (error) {
      // The host may have addresses of the family for which no name server responded.
      if (family && (error as NodeJS.ErrnoException).code === 'ENOTFOUND') throw createNoResponseError()
      throw error
    } finally {
      record.hasHung = timers.elapsed() - started >= HANGS
      record.isMisjudged = record.hasHung && (record.isMisjudged || family !== undefined)
    }
  }

  #removeOldest(): void {
    for (const [host, { running }] of this.#hosts) {
      if (this.#hosts.size <= MOST_HOSTS) return
      if (running === undefined) this.#hosts.delete(host)
    }
  }
}

function addressesOf({ addresses }: HostRecord, failure: Error): readonly LookupAddress[] {
  if (addresses === undefined) throw failure
  return addresses
}

function createNoResponseError(): Error {
  return Object.assign(new Error('no name server responds'), { code: 'ETIMEOUT' })
}
