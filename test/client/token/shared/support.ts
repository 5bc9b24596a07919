import { sharedTokens, type TokenSource, type Tokens } from '../../../../src/client/index.js'
import { clientBed, type ClientBed } from '../../../support/client.js'
import { memoryStore, SECRET, type MemoryStore } from '../../../support/shared-store.js'
import { until } from '../../../support/until.js'

const isToken = (key: string): boolean => !key.endsWith(':lease') && !key.endsWith(':trial')

interface Setup {
  readonly bed: ClientBed
  readonly store: MemoryStore
  readonly tokens: () => Tokens
  readonly join: (extra?: Parameters<ClientBed['source']>[0]) => TokenSource
  /** Resolves when no lease is held. */
  readonly settled: () => Promise<void>
}

export async function setup(): Promise<Setup> {
  const [bed, store] = [await clientBed(), memoryStore()]
  const tokens = (): Tokens => sharedTokens({ store, secret: SECRET, deadline: '5s' })
  return {
    bed,
    store,
    tokens,
    join: (extra = {}) => bed.source({ tokens: tokens(), ...extra }),
    settled: () => until(() => [...store.values.keys()].every(isToken)),
  }
}
