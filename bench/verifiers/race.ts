import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { startChild } from '../support/child.js'
import { interleave } from '../support/statistics.js'
import { startIssuer, times } from '../support/tokens.js'
import { contendersOf, type Cast } from './cast.js'
import type { Mode, Sample } from './measure.js'
import type { Preparation, Stretch } from './worker.js'

const WARM_UP_MS = 30
/** How many times as many rounds a complete race has, each the shorter for it: the more, the less one counts that was disturbed. */
export const SHORT_ROUNDS = 3

/** What is measured of every contender in turn. */
export interface Heat {
  readonly id: string
  readonly tokens: number
  readonly mode: Mode
  readonly perTurn: number
}

export interface Race {
  readonly cast: Cast
  readonly algorithm: SigningAlgorithm
  readonly tokens: number
  readonly heats: readonly Heat[]
  readonly rounds: number
  readonly milliseconds: number
  /** Leaves contenders out. */
  readonly without?: (name: string) => boolean
}

/** The samples of one heat by the contender's name, round by round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Sends the contenders of a cast, each in a process of its own, through the heats. */
export async function race(plan: Race): Promise<ReadonlyMap<string, Samples>> {
  const { cast, algorithm, rounds, milliseconds } = plan
  const issuer = await startIssuer(algorithm)
  const tokens = times(plan.tokens, () => issuer.mint())
  const names = contendersOf(cast)
    .map(({ name }) => name)
    .filter((name) => plan.without?.(name) !== true)
  const module = new URL('worker.js', import.meta.url)
  const children = await Promise.all(names.map((name) => startChild(module, [cast, name])))
  const results = new Map<string, Samples>()
  try {
    const preparation: Preparation = { kind: 'prepare', issuance: issuer.issuance, tokens }
    for (const child of children) await child.ask(preparation)
    for (const { id, ...heat } of plan.heats) {
      const samples = await interleave(children, rounds, (child, isWarmUp) => {
        const stretch: Stretch = {
          kind: 'measure',
          ...heat,
          milliseconds: isWarmUp ? Math.max(WARM_UP_MS, milliseconds / 2) : milliseconds,
        }
        return child.ask<Sample>(stretch)
      })
      results.set(id, new Map(names.map((name, index) => [name, samples[index] ?? []])))
    }
  } finally {
    await Promise.all(children.map((child) => child.end()))
    issuer.close()
  }
  return results
}

/** One figure of one contender, round by round. */
export function figures(
  samples: Samples,
  name: string,
  of: 'perSecond' | 'cpuMicros' | 'wallMicros',
): readonly number[] {
  const list = samples.get(name)
  if (list === undefined) throw new TypeError(`nothing was measured of ${name}`)
  return list.map((sample) => sample[of])
}
