import { randomBytes } from 'node:crypto'
import type { SharedStore, StoredValue } from './contract.js'
import {
  BACKGROUND_PATIENCE,
  GuardedStore,
  UNAVAILABLE,
  type StoreHealth,
  type TellStoreChange,
} from './guarded-store.js'
import { deriveKeys, digestOf, LONGEST_SEALED, open, seal, type SealingKeys } from './sealing.js'
import { LONGEST_LEASE, type SharedStoreSettings } from './options.js'

/** What a store has for a name. */
export interface Found {
  /** The string, with white space at its end; `undefined` if the value was not sealed for this name with one of the secrets. */
  readonly text: string | undefined
  /** Milliseconds until the store drops it. */
  readonly millisecondsLeft: number | undefined
  /** Deletes exactly this value, and none that has replaced it. */
  readonly remove: () => Promise<void>
}

/** The right to do work that others wait for, until it expires. */
export interface Lease {
  /** Gives the right back. Nothing happens if it has expired and another process has it. */
  readonly release: () => Promise<void>
}

/** The result of {@link SealedStore.claim}. */
export interface Claim {
  readonly found: Found | undefined
  /** `undefined` if another process has the lease. */
  readonly lease: Lease | undefined
  /** Whether a lease of another program was deleted. */
  readonly hasDeletedForeign: boolean
}

/** How {@link SealedStore.claim} takes a lease. */
export interface ClaimOptions {
  /** Milliseconds until the lease expires, at most {@link LONGEST_LEASE}. */
  readonly milliseconds: number
  /** Whether the lease of another process is read, to find one that no process of this package has taken. */
  readonly inspectsHolder: boolean
  /** Seconds that an operation may take if they are more than the deadline. */
  readonly patience: number
  readonly tell: TellStoreChange
}

/** A shared store whose keys are keyed digests and whose values are encrypted. No operation rejects. */
export class SealedStore {
  readonly #store: GuardedStore
  readonly #prefix: string
  /** Keys of every secret. The first ones write. */
  readonly #keys: readonly [SealingKeys, ...SealingKeys[]]

  /** @param purpose - part of the keys in the store, and of what is derived from the secrets. */
  constructor({ store, secret, prefix, deadline }: SharedStoreSettings, purpose: string) {
    this.#prefix = `${prefix}:${purpose}:`
    this.#store = new GuardedStore(store, deadline, `${this.#prefix}trial`)
    const [first, ...others] = secret.all
    this.#keys = [deriveKeys(first, purpose), ...others.map((bytes) => deriveKeys(bytes, purpose))]
  }

  health(): StoreHealth {
    return this.#store.health()
  }

  /**
   * Reads what is stored for a name, which may contain secrets.
   *
   * @param patience - seconds that an operation may take if they are more than the deadline.
   */
  async read(
    name: readonly string[],
    tell: TellStoreChange,
    patience = 0,
  ): Promise<Found | undefined | typeof UNAVAILABLE> {
    const names = this.#keys.map((keys) => ({ keys, key: this.#keyOf(keys, name) }))
    const get = (store: SharedStore): Promise<readonly (StoredValue | undefined)[]> =>
      Promise.all(names.map(({ key }) => store.get(key)))
    const values = await this.#store.run(get, tell, patience)
    if (values === UNAVAILABLE) return UNAVAILABLE
    const all = names.flatMap(({ keys, key }, index) => {
      const stored = values[index]
      return stored === undefined ? [] : [this.#found(keys, key, stored, tell)]
    })
    return all.find(({ text }) => text !== undefined) ?? all[0]
  }

  /** Stores a string for a number of milliseconds, unless it is too long to be read. */
  async write(
    name: readonly string[],
    text: string,
    milliseconds: number,
    tell: TellStoreChange,
    patience = 0,
  ): Promise<void> {
    const [keys] = this.#keys
    const key = this.#keyOf(keys, name)
    const expiry = Math.floor(milliseconds)
    const sealed = seal(keys, key, text)
    if (expiry < 1 || sealed.length > LONGEST_SEALED) return
    await this.#store.run((store) => store.set(key, sealed, expiry), tell, patience)
  }

  /** Deletes what is stored for a name. */
  async remove(name: readonly string[], tell: TellStoreChange): Promise<void> {
    const names = this.#keys.map((keys) => this.#keyOf(keys, name))
    await this.#store.run((store) => Promise.all(names.map((key) => store.delete(key))), tell)
  }

  /** Takes the lease for a name unless another process has it, and then reads what is stored. */
  async claim(
    name: readonly string[],
    { milliseconds, inspectsHolder, patience, tell }: ClaimOptions,
  ): Promise<Claim | typeof UNAVAILABLE> {
    const key = `${this.keyOf(name)}:lease`
    const owner = randomBytes(16).toString('base64url')
    const take = (): Promise<boolean | typeof UNAVAILABLE> =>
      this.#store.run((store) => store.add(key, owner, Math.ceil(milliseconds)), tell, patience)
    // Sent together. The lease first, so that no process stores a value between the reading and the lease.
    const [first, found] = await Promise.all([take(), this.read(name, tell, patience)])
    if (first === UNAVAILABLE || found === UNAVAILABLE) return UNAVAILABLE
    const hasDeletedForeign = !first && inspectsHolder && (await this.#deleteForeign(key, tell, patience))
    const isTaken = hasDeletedForeign ? await take() : first
    if (isTaken === UNAVAILABLE) return UNAVAILABLE
    if (!isTaken) return { found, lease: undefined, hasDeletedForeign }
    const release = async (): Promise<void> => {
      await this.#store.run((store) => store.deleteIf(key, owner), tell, BACKGROUND_PATIENCE)
    }
    return { found, lease: { release }, hasDeletedForeign }
  }

  /** Deletes a lease that lasts longer than any that is taken here. Otherwise every caller would wait for it in vain. */
  async #deleteForeign(key: string, tell: TellStoreChange, patience: number): Promise<boolean> {
    const holder = await this.#store.run((store) => store.get(key), tell, patience)
    if (holder === UNAVAILABLE || holder === undefined) return false
    if (holder.millisecondsLeft !== undefined && holder.millisecondsLeft <= LONGEST_LEASE) return false
    await this.#store.run((store) => store.deleteIf(key, holder.value), tell, patience)
    return true
  }

  /** Returns the key of a name, which contains no part of it. */
  keyOf(name: readonly string[]): string {
    return this.#keyOf(this.#keys[0], name)
  }

  /** The braces keep a value and its lease in one slot of a cluster. */
  #keyOf(keys: SealingKeys, name: readonly string[]): string {
    return `${this.#prefix}{${digestOf(keys, name)}}`
  }

  #found(
    keys: SealingKeys,
    key: string,
    { value, millisecondsLeft }: StoredValue,
    tell: TellStoreChange,
  ): Found {
    return {
      text: open(keys, key, value),
      millisecondsLeft,
      remove: async () => {
        await this.#store.run((store) => store.deleteIf(key, value), tell)
      },
    }
  }
}
