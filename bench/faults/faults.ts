import type { Fault, TestIssuer } from '../../src/testing/index.js'
import { htmlPage } from '../../test/support/servers/misbehaviours.js'
import { times } from '../support/tokens.js'
import { SEQUENTIAL, send, tokensBy, type Phase, type Stage } from './cell.js'

/** A fault of the key server. */
export interface KeyFault {
  readonly name: string
  readonly phase: Phase
  readonly stage: (issuer: TestIssuer, url: string) => Course
}

/** The parts of a stage that differ from fault to fault. */
export type Course = Omit<Stage, 'url' | 'first' | 'calls' | 'close'>

const responses: Readonly<Record<string, (issuer: TestIssuer) => Fault>> = {
  'keys down (connection closed)': () => 'reset',
  'keys slow (300 ms)': () => ({ delay: 300 }),
  'keys hang': () => 'hang',
  'status 500': () => 500,
  'login page (200, HTML)': () => htmlPage,
  'empty set': () => ({ body: { keys: [] } }),
  redirect: () => 'redirect',
  'body of 20 MB': (issuer) => ({ body: `${' '.repeat(20 * 1024 * 1024)}${JSON.stringify(issuer.jwks())}` }),
}

const accepts = async (url: string, token: string): Promise<boolean> => (await send(url, token)).status === 200

/** The course of a fault during which new tokens are sent, until one of them is accepted again. */
export const courseOf = (
  issuer: TestIssuer,
  url: string,
  inject: (issuer: TestIssuer) => unknown,
  mint = (): string => issuer.mintJwt(),
): Course => ({
  inject: () => void inject(issuer),
  heal: () => {
    issuer.heal()
  },
  ...tokensBy(mint),
  isRecovered: () => accepts(url, mint()),
})

const fault = (
  name: string,
  phase: Phase,
  inject: (issuer: TestIssuer) => unknown,
  more: (issuer: TestIssuer, url: string) => Partial<Course> = () => ({}),
): KeyFault => ({
  ...{ name, phase },
  stage: (issuer, url) => ({ ...courseOf(issuer, url, inject), ...more(issuer, url) }),
})

export const keyFaults: readonly KeyFault[] = [
  ...Object.entries(responses).flatMap(([name, response]) =>
    (['cold', 'warm'] as const).map((phase) =>
      fault(name, phase, (issuer) => {
        issuer.fail('jwks', response(issuer))
      }),
    ),
  ),
  fault('status 500, and a token of a new key', 'warm', (issuer) => {
    issuer.rotateKeys({ keepOld: true })
    issuer.fail('jwks', 500)
  }),
  fault('sudden rotation, token of the new key', 'warm', (issuer) => issuer.rotateKeys()),
  fault(
    'withdrawn key, after a token of the new one',
    'warm',
    (issuer) => issuer.rotateKeys(),
    (issuer, url) => {
      const [kid = ''] = issuer.keys
      const mintOld = (): string => issuer.mintJwt({ kid })
      return {
        concurrent: () => [issuer.mintJwt()],
        sequential: () => times(SEQUENTIAL, mintOld),
        isMixed: true,
        isRecovered: async () => !(await accepts(url, mintOld())),
      }
    },
  ),
  fault(
    'flood of 200 unknown kids, then a rotation',
    'warm',
    () => undefined,
    (issuer, url) => {
      const forge = (): string => issuer.mintJwt({ header: { kid: crypto.randomUUID() } })
      return {
        heal: () => issuer.rotateKeys({ keepOld: true }),
        concurrent: () => times(200, forge),
        sequential: () => times(SEQUENTIAL, () => issuer.mintJwt()),
        isMixed: true,
        async isRecovered() {
          await Promise.all(times(5, () => send(url, forge())))
          return accepts(url, issuer.mintJwt())
        },
      }
    },
  ),
]
