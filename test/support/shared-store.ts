import type { SharedStore, StoredValue } from '../../src/index.js'

/** A store in memory, as several processes share it. Its clock stands still, so that nothing expires by itself. */
export interface MemoryStore extends SharedStore {
  readonly values: Map<string, string>
  /** The operations so far, such as `get`. */
  readonly operations: string[]
  /** What happens before each operation; a test may let it reject or never end. */
  before: (operation: string) => Promise<void>
}

export function memoryStore(): MemoryStore {
  const values = new Map<string, string>()
  const lifetimes = new Map<string, number>()
  const operations: string[] = []
  const put = (key: string, value: string, milliseconds: number): void => {
    values.set(key, value)
    lifetimes.set(key, milliseconds)
  }
  const run = async <T>(operation: string, work: () => T): Promise<T> => {
    operations.push(operation)
    await store.before(operation)
    return work()
  }
  const store: MemoryStore = {
    values,
    operations,
    before: () => Promise.resolve(),
    get: (key) =>
      run('get', (): StoredValue | undefined => {
        const value = values.get(key)
        return value === undefined ? undefined : { value, millisecondsLeft: lifetimes.get(key) }
      }),
    set: (key, value, milliseconds) =>
      run('set', () => {
        put(key, value, milliseconds)
      }),
    add: (key, value, milliseconds) =>
      run('add', () => {
        if (values.has(key)) return false
        put(key, value, milliseconds)
        return true
      }),
    delete: (key) =>
      run('delete', () => {
        values.delete(key)
      }),
    deleteIf: (key, value) =>
      run('deleteIf', () => {
        if (values.get(key) === value) values.delete(key)
      }),
  }
  return store
}

/** A secret of sufficient length. */
export const SECRET = 'c3VmZmljaWVudGx5IGxvbmcgZm9yIGFsbCB0ZXN0cw'
