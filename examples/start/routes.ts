import type { Policy, Verifier } from 'm2m-guard'

/** The guarded routes of the API and their policies. `/health` is not guarded. */
export const ROUTES = {
  '/orders': { scopes: 'orders:read' },
  '/payouts': { scopes: 'orders:read', maxTokenAge: '5m' },
  '/refunds': { scopes: 'orders:read', confirmAfter: 0 },
} as const satisfies Record<string, Policy>

/** The path of a guarded route. */
export type GuardedPath = keyof typeof ROUTES

/** Every route with its policy. */
export const routes = Object.entries(ROUTES) as readonly (readonly [GuardedPath, Policy])[]

/** The port of a server (0 selects a free port), and the verifier of its guard. */
export interface ApiOptions {
  readonly verifier: Verifier
  readonly port: number
}

/** A listening API. */
export interface Api {
  readonly url: string
  close(): Promise<void>
}
