import type { FaultHandler } from '../../src/testing/index.js'
import { htmlPage, redirect, says, saysJson } from '../../test/support/servers/misbehaviours.js'
import { times } from '../support/tokens.js'
import { SEQUENTIAL, send, tokensBy, type Phase, type Stage } from './cell.js'
import { forge, mint, newKey, oldKey, type KeyServer } from './key-server.js'

/** A fault of the key server. */
export interface KeyFault {
  readonly name: string
  readonly phase: Phase
  readonly stage: (keys: KeyServer, url: string) => Omit<Stage, 'url' | 'first' | 'calls' | 'close'>
}

const closes: FaultHandler = (request) => {
  request.socket.destroy()
}

const responses: Readonly<Record<string, (keys: KeyServer) => FaultHandler>> = {
  'keys down (connection closed)': () => closes,
  'keys slow (300 ms)': (keys) => (_, response) => {
    setTimeout(() => response.end(keys.good()), 300)
  },
  'keys hang': () => () => undefined,
  'status 500': () => says(500),
  'login page (200, HTML)': () => htmlPage,
  'empty set': () => saysJson(200, { keys: [] }),
  redirect: () => redirect('/jwks?redirected'),
  'body of 20 MB': (keys) => (_, response) => {
    response.end(`${' '.repeat(20 * 1024 * 1024)}${keys.good()}`)
  },
}

const accepts = async (url: string, token: string): Promise<boolean> => (await send(url, token)).status === 200

/** A fault during which the tokens of one key are sent, until one of them is accepted again. */
function fault(name: string, phase: Phase, key: typeof oldKey, inject: (keys: KeyServer) => void): KeyFault {
  return {
    name,
    phase,
    stage: (keys, url) => ({
      inject: () => {
        inject(keys)
      },
      heal: () => {
        keys.fail(undefined)
      },
      ...tokensBy(() => mint(keys, key)),
      isRecovered: () => accepts(url, mint(keys, key)),
    }),
  }
}

export const keyFaults: readonly KeyFault[] = [
  ...Object.entries(responses).flatMap(([name, response]) =>
    (['cold', 'warm'] as const).map((phase) =>
      fault(name, phase, oldKey, (keys) => {
        keys.fail(response(keys))
      }),
    ),
  ),
  fault('status 500, and a token of a new key', 'warm', newKey, (keys) => {
    keys.publish(oldKey, newKey)
    keys.fail(says(500))
  }),
  fault('sudden rotation, token of the new key', 'warm', newKey, (keys) => {
    keys.publish(newKey)
  }),
  {
    name: 'withdrawn key, after a token of the new one',
    phase: 'warm',
    stage: (keys, url) => ({
      inject: () => {
        keys.publish(newKey)
      },
      heal: () => undefined,
      concurrent: () => [mint(keys, newKey)],
      sequential: () => times(SEQUENTIAL, () => mint(keys, oldKey)),
      isMixed: true,
      isRecovered: async () => !(await accepts(url, mint(keys, oldKey))),
    }),
  },
  {
    name: 'flood of 200 unknown kids, then a rotation',
    phase: 'warm',
    stage: (keys, url) => ({
      inject: () => undefined,
      heal: () => {
        keys.publish(oldKey, newKey)
      },
      concurrent: () => times(200, () => forge(keys)),
      sequential: () => times(SEQUENTIAL, () => mint(keys, oldKey)),
      isMixed: true,
      async isRecovered() {
        await Promise.all(times(5, () => send(url, forge(keys))))
        return accepts(url, mint(keys, newKey))
      },
    }),
  },
]
