import { onTestFinished } from 'vitest'
import { createVerifier, type AccessToken, type Issuer, type Policy, Refusal } from '../../../src/index.js'
import * as presets from '../../../src/providers/presets/index.js'
import {
  createTestIssuer,
  type MintJwtOptions,
  type PresetName,
  type TestIssuer,
} from '../../../src/testing/index.js'

export type Extra = Readonly<Record<string, unknown>>

/** Creates the issuer of a preset from the options of a test issuer. */
export function createIssuer(preset: PresetName, issuer: TestIssuer, extra: Extra = {}): Issuer {
  const create = presets[preset] as (options: unknown) => Issuer
  const options = (issuer as unknown as Record<PresetName, (extra: Extra) => unknown>)[preset]
  return create(options(extra))
}

/** What became of a token: the accepted token, or the reason and the detail of the refusal. */
interface Result {
  readonly token?: AccessToken
  readonly reason?: string
  readonly detail?: string
}

export interface PresetBed {
  readonly issuer: TestIssuer
  readonly mint: (options?: Omit<MintJwtOptions, 'preset'>) => string
  readonly verify: (token: string, policy?: Policy) => Promise<Result>
  /** The outcome of a minted token: `accepted`, or the reason of the refusal. */
  readonly outcome: (options?: Omit<MintJwtOptions, 'preset'>) => Promise<string>
}

/** A test issuer, and a verifier with one preset. */
export async function presetBed(preset: PresetName, extra: Extra = {}): Promise<PresetBed> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const verifier = createVerifier({ issuers: [createIssuer(preset, issuer, extra)] })
  onTestFinished(() => verifier.close())
  const verify = async (token: string, policy?: Policy): Promise<Result> => {
    try {
      return { token: await verifier.verify(token, policy) }
    } catch (error) {
      if (error instanceof Refusal) return { reason: error.reason, detail: detailOf(error) }
      throw error
    }
  }
  const mint: PresetBed['mint'] = (options) => issuer.mintJwt({ algorithm: 'RS256', ...options, preset })
  return {
    issuer,
    mint,
    verify,
    outcome: async (options) => (await verify(mint(options))).reason ?? 'accepted',
  }
}

function detailOf(refusal: Refusal): string {
  const { detail, cause } = refusal as { readonly detail?: unknown; readonly cause?: unknown }
  if (typeof detail === 'string') return detail
  return cause instanceof Error ? cause.message : ''
}
