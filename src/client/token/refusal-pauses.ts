import type { Clock } from '../../util/clock.js'
import type { Backoff } from './backoff.js'
import { RefusalPause } from './refusal-pause.js'

/** What limits the requests of one audience and scope set, also after its eviction. */
export interface RequestLimits {
  /** Backoff after failures that do not affect other sets. */
  readonly backoff: Backoff
  /** Pauses after refused tokens. */
  readonly refusals: RefusalPauses
}

/** Stands for the API if it is the only one, or if it is unknown which one refused the token. */
export const ANY_API = ''

/**
 * The pauses of one audience and scope set, one for each API. An API that refuses valid tokens must not delay the renewal that
 * another API requires. There are as many as allowed origins at most, because a token is sent to those only.
 */
export class RefusalPauses {
  readonly #clock: Clock
  readonly #pauses = new Map<string, RefusalPause>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the next refusal depends on earlier ones, so that the pauses must outlive an evicted cache entry. */
  get areRemembered(): boolean {
    return [...this.#pauses.values()].some((pause) => pause.isRemembered)
  }

  /** Whether none of these APIs may cause a renewal now. */
  areActive(apis: ReadonlySet<string>): boolean {
    return [...apis].every((api) => this.#pauses.get(api)?.isActive === true)
  }

  /** Whether one of these APIs may not cause a renewal now. */
  isAnyActive(apis: ReadonlySet<string>): boolean {
    return [...apis].some((api) => this.#pauses.get(api)?.isActive === true)
  }

  /** Returns the pause of an API that has refused a token. */
  of(api: string): RefusalPause {
    const pause = this.#pauses.get(api) ?? new RefusalPause(this.#clock)
    this.#pauses.set(api, pause)
    return pause
  }

  /** Records that an API accepted the current token. */
  recordAccepted(api: string): void {
    // Without an earlier refusal there is nothing to lower.
    this.#pauses.get(api)?.recordAccepted()
  }

  /** Records a renewal. It starts the pauses of the APIs that had refused the token before. */
  recordRenewal(refusedBy: readonly string[], isTokenNew: boolean): void {
    for (const api of refusedBy) this.of(api).start(isTokenNew)
    for (const [api, pause] of this.#pauses) {
      if (!refusedBy.includes(api)) pause.recordRenewal(isTokenNew)
    }
  }

  /** Ends every pause and the doubling. */
  reset(): void {
    this.#pauses.clear()
  }
}
