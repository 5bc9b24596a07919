import type { AuthleteOptions } from '../providers/authlete/authlete.js'
import type { ClerkOptions } from '../providers/clerk/clerk-options.js'
import type { OAuthOptions } from '../providers/oauth-options.js'
import type { StytchOptions } from '../providers/stytch/stytch.js'
import { insecureHostsOf } from './server/base-url.js'
import type { IssuerState } from './state/state.js'

/** Options to add to or replace those of the test issuer; `undefined` removes one. */
export type OptionOverrides<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** Creates the options for `oauth`. */
export function oauthOptions(state: IssuerState, extra: OptionOverrides<OAuthOptions> = {}): OAuthOptions {
  const { clientId, clientSecret } = state.oauth.client
  const opaquePrefix = state.opaquePrefix === '' ? {} : { opaquePrefix: state.opaquePrefix }
  return mergeOptions<OAuthOptions>(
    {
      issuer: state.endpoints.oauth,
      audience: state.audience,
      introspection: { clientId, clientSecret, ...opaquePrefix },
      ...insecure(state.endpoints.oauth),
    },
    extra,
  )
}

/** Creates the options for `clerk`, as the receiving machine. */
export function clerkOptions(state: IssuerState, extra: OptionOverrides<ClerkOptions> = {}): ClerkOptions {
  const base = state.endpoints.clerk
  // The factory accepts only one source of keys.
  const areKeysGiven = extra.jwtKey !== undefined || extra.secretKey !== undefined
  return mergeOptions<ClerkOptions>(
    {
      machineSecretKey: state.clerk.machines.receiver.secretKey,
      issuer: base,
      ...(areKeysGiven ? {} : { jwksUri: `${base}/.well-known/jwks.json` }),
      apiUrl: base,
      jwtAccess: 'any-machine',
      ...insecure(base),
    },
    extra,
  )
}

/** Creates the options for `stytch`. */
export function stytchOptions(state: IssuerState, extra: OptionOverrides<StytchOptions> = {}): StytchOptions {
  return mergeOptions<StytchOptions>(
    {
      projectId: state.stytch.projectId,
      apiUrl: state.endpoints.stytch,
      ...insecure(state.endpoints.stytch),
    },
    extra,
  )
}

/** Creates the options for `authlete`: introspection only, unless `issuer` is added. */
export function authleteOptions(
  state: IssuerState,
  extra: OptionOverrides<AuthleteOptions> = {},
): AuthleteOptions {
  const { serviceId, serviceAccessToken } = state.authlete
  const apiUrl = state.endpoints.authlete
  return mergeOptions<AuthleteOptions>(
    { serviceId, serviceAccessToken, apiUrl, audience: state.audience, ...insecure(apiUrl) },
    extra,
  )
}

function insecure(url: string): { readonly insecureHosts?: readonly string[] } {
  const insecureHosts = insecureHostsOf([url])
  return insecureHosts.length === 0 ? {} : { insecureHosts }
}

/** Merges options and removes undefined ones, which the factories would refuse. */
export function mergeOptions<T extends object>(usual: T, extra: OptionOverrides<T>): T {
  const merged = Object.entries({ ...usual, ...extra }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(merged) as T
}
