/**
 * How far the clocks of issuers are ahead of the clock of this process, by the tokens that it has checked. A cutoff at "now" is
 * meant by the clock of the issuer, which writes `iat`.
 */
export class ClockLeads {
  readonly #leads = new Map<string, number>()
  readonly #maximum: number

  /** @param maximum - tokens that are further ahead are refused, in seconds. */
  constructor(maximum: number) {
    this.#maximum = maximum
  }

  /** Records the time of issue of a token that is checked now. */
  observe(issuer: string, issuedAt: number | undefined, now: number): void {
    if (issuedAt === undefined || !(issuedAt > now) || issuedAt > now + this.#maximum) return
    this.#leads.set(issuer, Math.max(this.of(issuer), issuedAt - now))
  }

  /** Returns by how many seconds the clock of an issuer is ahead at most; 0 if no token has shown that it is. */
  of(issuer: string): number {
    return this.#leads.get(issuer) ?? 0
  }
}
