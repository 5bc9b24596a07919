import type { TellIssuerEvent } from '../model/issuer/issuer-events.js'
import type { RemoteResponse } from '../model/issuer/remote-profile.js'
import { tokenDigest } from '../model/token-digest.js'
import type { AnswersInternals } from '../store/answers.js'
import { BACKGROUND_PATIENCE, type TellStoreChange } from '../store/guarded-store.js'
import type { Found, Lease } from '../store/sealed-store.js'
import { ageOf } from '../store/shared-age.js'
import { SkippedEntries } from '../store/skipped-entries.js'
import type { Clock } from '../util/clock.js'
import { ForgottenTokens } from './forgotten-tokens.js'
import type { Statement } from './outcome.js'
import { parseAnswer, serializeAnswer } from './shared-answer.js'

/** How recent a result must be, and for how long it may be shared. Times are in seconds. */
export interface AnswerNeeds {
  /** Maximum age of the result of another process. 0 or less: the issuer must be called. */
  readonly maxAge: number
  /** Lifetime of an active result from the time of its request. */
  readonly keepFor: number
  /** Seconds for which no request waits for the result, because an earlier one is in use. */
  readonly spare: number
  /** Expiry of the token if it is known, in seconds since the epoch. */
  readonly expiresAt: number | undefined
  /** Whether the token was not forgotten since the call began. */
  readonly mayShare: () => boolean
}

/** What a call to the issuer has returned. */
export interface Asked<T> {
  readonly result: T
  /** The response and what it states; absent unless it is definitive. */
  readonly answer?: { readonly response: RemoteResponse; readonly statement: Statement } | undefined
}

/** How one token is introspected. */
export interface Asking<T, S extends Statement> {
  /** Calls the issuer. */
  readonly ask: () => Promise<Asked<T>>
  /** Whether a call would be made now. If not, there is no result that waiting could bring. */
  readonly mayCall: () => boolean
  /** Reads the response that another process got, like one of a call. */
  readonly read: (response: RemoteResponse) => S
  /** Converts what a response of a certain age states. */
  readonly toResult: (statement: S, age: number) => T
}

/** Settings of {@link IssuerAnswers}. */
interface IssuerAnswersSettings {
  readonly answers: AnswersInternals
  /** What a response depends on besides the token: names of the issuer, the endpoint and this service. */
  readonly identity: readonly string[]
  /** Seconds for which an inactive result may be used. */
  readonly inactiveLifetime: number
  readonly clock: Clock
  readonly tell: TellIssuerEvent
}

/** Shares the responses of one issuer with other processes. One process calls the issuer while the others wait briefly. */
export class IssuerAnswers {
  readonly #settings: IssuerAnswersSettings
  readonly #forgotten = new ForgottenTokens()
  readonly #tellChange: TellStoreChange
  readonly #skipped: SkippedEntries

  constructor(settings: IssuerAnswersSettings) {
    this.#settings = settings
    this.#skipped = new SkippedEntries('introspection results', settings.clock, (detail) => {
      settings.tell('answer_skipped', detail)
    })
    this.#tellChange = (change, detail) => {
      settings.tell(change === 'failing' ? 'answers_failing' : 'answers_recovered', detail)
    }
  }

  /** Finds the result for a token in the store, or calls the issuer and shares the result. */
  async resolve<T, S extends Statement>(token: string, needs: AnswerNeeds, asking: Asking<T, S>): Promise<T> {
    if (needs.maxAge <= 0) return this.#ask(token, needs, asking, undefined)
    const { answers, clock } = this.#settings
    const { result, lease } = await answers.work.findOrLease<T>({
      name: this.#nameOf(token),
      find: (found, sentElapsed) => this.#find(token, found, needs.maxAge, sentElapsed, asking),
      elapsed: () => clock.elapsed(),
      spare: needs.spare,
      mayWork: asking.mayCall,
      tell: this.#tellChange,
      skip: this.#skipped.report,
    })
    return result ?? this.#ask(token, needs, asking, lease)
  }

  /** Deletes the shared result of a token. No result from before is used by this process, also if that fails. */
  forget(token: string): void {
    this.#forgotten.add(tokenDigest(token), this.#settings.clock.elapsed())
    void this.#settings.answers.store.remove(this.#nameOf(token), this.#tellChange)
  }

  #nameOf(token: string): readonly string[] {
    return [...this.#settings.identity, token]
  }

  /** Calls the issuer. The result is stored in the background, so that no request waits for that. */
  async #ask<T, S extends Statement>(
    token: string,
    needs: AnswerNeeds,
    { ask }: Asking<T, S>,
    lease: Lease | undefined,
  ): Promise<T> {
    const { clock } = this.#settings
    const [at, elapsed] = [clock.now(), clock.elapsed()]
    let asked: Asked<T> | undefined
    try {
      asked = await ask()
      return asked.result
    } finally {
      // The facts of a custom issuer may have any type, so that reading them may fail.
      const shared = this.#share(token, needs, asked?.answer, { at, elapsed }).catch(() => undefined)
      void shared.then(() => lease?.release())
    }
  }

  async #share(
    token: string,
    { keepFor, expiresAt, mayShare }: AnswerNeeds,
    answer: Asked<unknown>['answer'],
    sent: { readonly at: number; readonly elapsed: number },
  ): Promise<void> {
    if (answer === undefined || 'fault' in answer.statement || !mayShare()) return
    const { clock, inactiveLifetime, answers } = this.#settings
    const { statement, response } = answer
    const now = clock.now()
    const age = clock.elapsed(now) - sent.elapsed
    const expiries = statement.active ? [expiresAt, statement.facts.expiresAt] : []
    const untilExpiry = Math.min(...expiries.map((expiry) => (expiry ?? Number.POSITIVE_INFINITY) - now))
    const seconds = Math.min((statement.active ? keepFor : inactiveLifetime) - age, untilExpiry)
    const ttl = Math.floor(seconds * 1000)
    // Negated, because a custom issuer may return an expiry that is not a number.
    if (!(ttl >= 1)) return
    const text = serializeAnswer({ ...response, at: sent.at, age, ttl })
    if (text === undefined) return
    await answers.store.write(this.#nameOf(token), text, ttl, this.#tellChange, BACKGROUND_PATIENCE)
  }

  /** Reads what the store has for a token; `undefined` if that is nothing, too old, or not about the token. */
  #find<T, S extends Statement>(
    token: string,
    found: Found | undefined,
    maxAge: number,
    sentElapsed: number,
    { read, toResult }: Asking<T, S>,
  ): T | undefined {
    if (found === undefined) return undefined
    const { clock, inactiveLifetime } = this.#settings
    const answer = found.text === undefined ? undefined : parseAnswer(found.text)
    if (answer === undefined || found.millisecondsLeft === undefined) {
      this.#skipped.reportUnreadable()
      return
    }
    const age = ageOf(answer, found.millisecondsLeft, clock, sentElapsed)
    const forgottenFor = clock.elapsed() - this.#forgotten.since(tokenDigest(token))
    if (age >= Math.min(maxAge, forgottenFor)) return undefined
    const statement = read({ status: answer.status, json: answer.json })
    if ('fault' in statement || (!statement.active && age >= inactiveLifetime)) return undefined
    return toResult(statement, age)
  }
}
