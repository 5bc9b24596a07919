/** A limit on the sum of what several users hold at the same time, such as the tenants of an issuer. */
export class Capacity {
  readonly most: number
  #used = 0

  constructor(most: number) {
    this.most = most
  }

  /** What all users hold. */
  get used(): number {
    return this.#used
  }

  /** The share of a single user, which may hold everything. */
  whole(): Share {
    return new Share(this, this.#add, () => this.most)
  }

  /**
   * The share of one of several users. It may hold at most as much as it leaves free: one user leaves half of the capacity
   * to the others, two users that need as much leave a third.
   */
  part(): Share {
    return new Share(this, this.#add, (own) => this.most - own)
  }

  readonly #add = (amount: number): void => {
    this.#used += amount
  }
}

/** What one user holds of a {@link Capacity}. */
export class Share {
  readonly #capacity: Capacity
  readonly #add: (amount: number) => void
  readonly #limitOf: (own: number) => number
  #own = 0

  /** @param limitOf - returns the sum that all users may hold when this one holds an amount. */
  constructor(capacity: Capacity, add: (amount: number) => void, limitOf: (own: number) => number) {
    this.#capacity = capacity
    this.#add = add
    this.#limitOf = limitOf
  }

  /** What this user holds. */
  get own(): number {
    return this.#own
  }

  /** What all users hold. */
  get used(): number {
    return this.#capacity.used
  }

  /** What all users together may hold. */
  get most(): number {
    return this.#capacity.most
  }

  /** Whether this user may hold a further amount. */
  hasRoom(amount = 1): boolean {
    return this.used + amount <= this.#limitOf(this.#own)
  }

  /** Holds a further amount, also if there is no room for it. */
  take(amount = 1): void {
    this.#own += amount
    this.#add(amount)
  }

  /** Stops holding an amount. */
  release(amount = 1): void {
    this.take(-amount)
  }
}
