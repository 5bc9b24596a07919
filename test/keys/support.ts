import { oauth, type OAuthOptions } from '../../src/index.js'
import { stage, type Stage, type StageOptions } from '../support/core.js'

/** A stage whose verifier fetches keys from one given address, so that calls are those for keys only. */
export function keyStage(extra: Partial<OAuthOptions> = {}, options: StageOptions = {}): Promise<Stage> {
  return stage({
    ...options,
    issuers: (by) => [oauth(by.oauth({ introspection: undefined, jwksUri: `${by.url}/jwks`, ...extra }))],
  })
}

/** A token that outlives every test. */
export const LONG = { expiresIn: '30d' } as const
