import stytchSdk from 'stytch'
import { vi } from 'vitest'
import { stytch } from '../../../src/index.js'
import type { MintJwtOptions, TestIssuer } from '../../../src/testing/index.js'
import type { AtEnd } from '../../support/at-end.js'
import { sdkBed, type SdkBed } from './support.js'

type M2M = InstanceType<typeof stytchSdk.Client>['m2m']
type Demands = Omit<Parameters<M2M['authenticateToken']>[0], 'access_token'>

export interface StytchSdkBed extends SdkBed {
  readonly m2m: M2M
  /** A token that Stytch's client obtains, as the project's machine. */
  readonly obtain: (scopes?: readonly string[]) => Promise<string>
  readonly mint: (options?: Omit<MintJwtOptions, 'provider'>) => string
  /** What Stytch's client makes of a token: `'accepted'`, or the code of its error. */
  readonly theirs: (token: string, demands?: Demands) => Promise<string>
}

/** Stytch's own client, talking to the test issuer. */
export function stytchClient(issuer: TestIssuer): M2M {
  const { projectId, secret } = issuer.stytchProject
  // Every address but Stytch's two is worth a warning to it.
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const client = new stytchSdk.Client({ project_id: projectId, secret, env: `${issuer.endpoints.stytch}/` })
  warn.mockRestore()
  return client.m2m
}

export async function stytchSdkBed(atEnd?: AtEnd): Promise<StytchSdkBed> {
  const bed = await sdkBed((issuer) => stytch(issuer.stytch()), {}, atEnd)
  const m2m = stytchClient(bed.issuer)
  const { clientId, clientSecret } = bed.issuer.stytchProject.client
  return {
    ...bed,
    m2m,
    async obtain(scopes) {
      const wanted = scopes === undefined ? {} : { scopes: [...scopes] }
      const { access_token } = await m2m.token({
        client_id: clientId,
        client_secret: clientSecret,
        ...wanted,
      })
      return access_token
    },
    mint: (options) => bed.issuer.mintJwt({ ...options, provider: 'stytch' }),
    theirs: (token, demands) => verdict(m2m, token, demands),
  }
}

export async function verdict(m2m: M2M, token: string, demands: Demands = {}): Promise<string> {
  try {
    await m2m.authenticateToken({ access_token: token, ...demands })
    return 'accepted'
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (typeof code === 'string') return code
    throw error
  }
}
