/** The numbers the soak runs with, in seconds: the documented ones, shortened so that much happens in a short time. */
export const NUMBERS = {
  answerLifetime: 1,
  refusedLifetime: 1,
  breakerAfter: 5,
  breakerPause: 0.3,
  unknownKeyPause: 1,
  keyPause: 0.2,
  longestKeyPause: 1,
  keyLifetime: 60,
} as const

/** How much later than documented something may be seen, in seconds: some hundred requests may overtake its cause. */
export const MARGIN = 0.5

/** How many requests make a second of the soak. */
export const REQUESTS_PER_SECOND = 1500

/** What can be out of order at the issuer. */
export type Part = 'questions' | 'keys'

/** How long after an outage its effects may last: the pause that is under way when it ends, and a probe. */
const RECOVERY: Readonly<Record<Part, number>> = {
  questions: 1.1 * Math.max(NUMBERS.breakerPause, 1) + MARGIN,
  keys: NUMBERS.longestKeyPause + NUMBERS.unknownKeyPause + MARGIN,
}

interface Outage {
  readonly part: Part
  readonly from: number
  to: number
}

/**
 * What was done to the issuer, and when; the oracle's only source. Times in seconds on the one clock of the soak, which
 * every request moves on: how fast the machine is decides nothing.
 */
export class FaultLog {
  readonly outages: Outage[] = []
  rotations = 0
  rotatedAt = Number.NEGATIVE_INFINITY
  /** When the guard last got a key set. */
  keysServedAt = Number.NEGATIVE_INFINITY

  readonly #startedAt = Date.now()
  readonly #alarms = new Set<{ readonly at: number; readonly ring: () => void }>()
  #requests = 0

  now(): number {
    return this.#requests / REQUESTS_PER_SECOND
  }

  /** The same clock for the guard and its issuer: milliseconds since the epoch. */
  readonly clock = (): number => this.#startedAt + this.now() * 1000

  /** Another request is sent. */
  count(): void {
    this.#requests += 1
    const now = this.now()
    for (const alarm of this.#alarms) if (alarm.at <= now) alarm.ring()
  }

  /** Resolves when so many seconds have passed; rejects if the signal is aborted before. */
  wait(seconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const alarm = {
        at: this.now() + seconds,
        ring: () => {
          this.#alarms.delete(alarm)
          resolve()
        },
      }
      this.#alarms.add(alarm)
      signal.addEventListener('abort', () => reject(new Error('the soak is over')), { once: true })
    })
  }

  begin(part: Part): void {
    this.outages.push({ part, from: this.now(), to: Number.POSITIVE_INFINITY })
  }

  end(part: Part): void {
    for (const outage of this.outages) {
      if (outage.part === part && outage.to === Number.POSITIVE_INFINITY) outage.to = this.now()
    }
  }

  /** Whether a request of this time may have met an outage or what is left of one. */
  isTroubled(part: Part, from: number, to: number): boolean {
    return this.outages.some(
      (outage) => outage.part === part && outage.from <= to && from <= outage.to + RECOVERY[part],
    )
  }

  /** Seconds during which a part was out of order or recovering. */
  troubledSeconds(part: Part): number {
    const now = this.now()
    return this.outages
      .filter((outage) => outage.part === part)
      .reduce((sum, { from, to }) => sum + Math.min(now, to + RECOVERY[part]) - from, 0)
  }
}
