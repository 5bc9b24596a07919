import { UNAVAILABLE, type TellStoreChange } from '../../store/guarded-store.js'
import type { Found, Lease } from '../../store/sealed-store.js'
import { ageOf } from '../../store/shared-age.js'
import { SkippedEntries } from '../../store/skipped-entries.js'
import type { TokensInternals } from '../../store/tokens.js'
import type { Clock } from '../../util/clock.js'
import type { Grant, GrantContext, IssuedToken, TokenParameters } from '../grants/grant.js'
import { keyOf } from '../token-request.js'
import { parseToken, serializeToken } from './shared-token.js'

/** Settings of {@link SharedGrant}. */
export interface SharedGrantSettings {
  readonly grant: Grant
  readonly tokens: TokensInternals
  readonly clock: Clock
  /** Whether a token of another process has enough of its lifetime left. */
  readonly isUsable: (issued: IssuedToken) => boolean
  /** Reports a change of the store, or an entry that was skipped. */
  readonly tell: (change: Parameters<TellStoreChange>[0] | 'skipped', detail: string) => void
}

/** Maximum seconds for which a token is stored. A token that never expires is stored again when it is renewed. */
const LONGEST = 86_400

/** A grant whose tokens several processes share. One process requests a token while the others wait briefly. */
export class SharedGrant implements Grant {
  readonly #settings: SharedGrantSettings
  readonly #skipped: SkippedEntries

  constructor(settings: SharedGrantSettings) {
    this.#settings = settings
    this.#skipped = new SkippedEntries('tokens', settings.clock, (detail) => {
      settings.tell('skipped', detail)
    })
  }

  identify(...of: Parameters<Grant['identify']>): Promise<readonly string[]> {
    return this.#settings.grant.identify(...of)
  }

  async obtain(parameters: TokenParameters, context: GrantContext): Promise<IssuedToken> {
    const { tokens, grant, clock, tell } = this.#settings
    const name = await this.#nameOf(parameters, context.reading)
    if (name === undefined) return grant.obtain(parameters, context)
    if (context.isNewRequired) return this.#request(name, parameters, context, undefined)
    const { result, lease } = await tokens.work.findOrLease({
      name,
      find: (found, sentElapsed) => this.#find(found, sentElapsed, context),
      elapsed: () => clock.elapsed(),
      mayWork: () => {
        context.signal.throwIfAborted()
        return true
      },
      tell,
      skip: this.#skipped.report,
    })
    return result ?? this.#request(name, parameters, context, lease)
  }

  /** Deletes a token that an API has refused from the store, unless another one has replaced it. */
  async remove(parameters: TokenParameters, token: string): Promise<void> {
    const { tokens, tell } = this.#settings
    const name = await this.#nameOf(parameters, (_, read) => read())
    const found = name === undefined ? undefined : await tokens.store.read(name, tell)
    if (found === undefined || found === UNAVAILABLE || found.text === undefined) return
    if (parseToken(found.text)?.issued.token === token) await found.remove()
  }

  /** What a token depends on; `undefined` if that cannot be read, which the token request reports. */
  async #nameOf(...of: Parameters<Grant['identify']>): Promise<readonly string[] | undefined> {
    try {
      return [...(await this.#settings.grant.identify(...of)), keyOf(of[0])]
    } catch {
      return undefined
    }
  }

  /** Requests a token and stores it before it is returned, because the process may end with its first use. */
  async #request(
    name: readonly string[],
    parameters: TokenParameters,
    context: GrantContext,
    lease: Lease | undefined,
  ): Promise<IssuedToken> {
    const { clock, grant } = this.#settings
    const [at, elapsed] = [clock.now(), clock.elapsed()]
    try {
      const issued = await grant.obtain(parameters, context)
      await this.#store(name, issued, at, clock.elapsed() - elapsed)
      return issued
    } finally {
      void lease?.release()
    }
  }

  #store(name: readonly string[], issued: IssuedToken, at: number, age: number): Promise<void> {
    const { tokens, tell } = this.#settings
    const ttl = Math.floor((Math.min(LONGEST, issued.lifetime ?? LONGEST) - age) * 1000)
    if (ttl < 1) return Promise.resolve()
    return tokens.store.write(name, serializeToken({ at, age, ttl, issued }), ttl, tell)
  }

  /** Reads the token that the store has, unless it is the one to replace, or too little of its lifetime is left. */
  #find(found: Found | undefined, sentElapsed: number, { replaced }: GrantContext): IssuedToken | undefined {
    if (found === undefined) return undefined
    const { clock, isUsable } = this.#settings
    const shared = found.text === undefined ? undefined : parseToken(found.text)
    if (shared === undefined || found.millisecondsLeft === undefined) {
      this.#skipped.reportUnreadable()
      return undefined
    }
    const { token, lifetime, age = 0, scopes } = shared.issued
    if (token === replaced) return undefined
    const sharedFor = ageOf(shared, found.millisecondsLeft, clock, sentElapsed)
    const issued = {
      token,
      lifetime: lifetime === null ? null : lifetime - sharedFor,
      age: age + sharedFor,
      sharedFor,
      ...(scopes === undefined ? {} : { scopes }),
    }
    return isUsable(issued) ? issued : undefined
  }
}
