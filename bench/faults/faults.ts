import type { FaultHandler } from '../../src/testing/index.js'
import { htmlPage, redirect, says, saysJson } from '../../test/support/misbehaviours.js'
import { madeUp, mint, newKey, oldKey, type KeyServer } from './key-server.js'

/** A fault of the keys, as it is injected and what is asked of a guard meanwhile. */
export interface KeyFault {
  readonly name: string
  readonly phase: 'cold' | 'warm'
  readonly inject: (keys: KeyServer) => void
  readonly heal: (keys: KeyServer) => void
  /** The tokens sent at once while the fault lasts, and those sent one after the other. */
  readonly tokens: (keys: KeyServer) => {
    readonly atOnce: readonly string[]
    readonly inRow: readonly string[]
  }
  /** The token that must be accepted in the end; undefined where one must be refused in the end. */
  readonly honest?: (keys: KeyServer) => string
  readonly withdrawn?: (keys: KeyServer) => string
  /** Junk that goes on while recovery is waited for. */
  readonly noise?: (keys: KeyServer) => string
}

export const AT_ONCE = 10
export const IN_ROW = 3

const times = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make)

const tokensOf = (make: (keys: KeyServer) => string) => (keys: KeyServer) => ({
  atOnce: times(AT_ONCE, () => make(keys)),
  inRow: times(IN_ROW, () => make(keys)),
})

const ofOld = ({ issuer }: KeyServer): string => mint(issuer, oldKey)
const ofNew = ({ issuer }: KeyServer): string => mint(issuer, newKey)

const closes: FaultHandler = (request) => {
  request.socket.destroy()
}

const bodies: readonly (readonly [string, (keys: KeyServer) => FaultHandler])[] = [
  ['keys down (connection closed)', () => closes],
  [
    'keys slow (300 ms)',
    (keys) => (_, response) => {
      setTimeout(() => response.end(keys.good()), 300)
    },
  ],
  ['keys hang', () => () => undefined],
  ['status 500', () => says(500)],
  ['login page (200, HTML)', () => htmlPage],
  ['empty set', () => saysJson(200, { keys: [] })],
  ['redirect', () => redirect('/jwks?redirected')],
  [
    'body of 20 MB',
    (keys) => (_, response) => {
      response.end(`${' '.repeat(20 * 1024 * 1024)}${keys.good()}`)
    },
  ],
]

const heal = (keys: KeyServer): void => {
  keys.behave(undefined)
}

export const keyFaults: readonly KeyFault[] = [
  ...bodies.flatMap(([name, fault]): readonly KeyFault[] => [
    {
      name,
      phase: 'cold',
      inject: (keys) => {
        keys.behave(fault(keys))
      },
      heal,
      tokens: tokensOf(ofOld),
      honest: ofOld,
    },
    {
      name,
      phase: 'warm',
      inject: (keys) => {
        keys.behave(fault(keys))
      },
      heal,
      tokens: tokensOf(ofOld),
      honest: ofOld,
    },
  ]),
  {
    name: 'status 500, and a token of a new key',
    phase: 'warm',
    inject(keys) {
      keys.publish(oldKey, newKey)
      keys.behave(says(500))
    },
    heal,
    tokens: tokensOf(ofNew),
    honest: ofNew,
  },
  {
    name: 'sudden rotation, token of the new key',
    phase: 'warm',
    inject: (keys) => {
      keys.publish(newKey)
    },
    heal,
    tokens: tokensOf(ofNew),
    honest: ofNew,
  },
  {
    name: 'withdrawn key, after a token of the new one',
    phase: 'warm',
    inject: (keys) => {
      keys.publish(newKey)
    },
    heal,
    tokens: (keys) => ({ atOnce: [ofNew(keys)], inRow: times(IN_ROW, () => ofOld(keys)) }),
    withdrawn: ofOld,
  },
  {
    name: 'flood of 200 made-up kids, then a rotation',
    phase: 'warm',
    inject: () => undefined,
    heal: (keys) => {
      keys.publish(oldKey, newKey)
    },
    tokens: (keys) => ({
      atOnce: times(200, () => madeUp(keys.issuer)),
      inRow: times(IN_ROW, () => ofOld(keys)),
    }),
    honest: ofNew,
    noise: ({ issuer }) => madeUp(issuer),
  },
]
