import type { Policy, Verifier } from 'm2m-guard'

/** The guarded routes of the API and what each demands. `/health` is open beside them. */
export const ROUTES = {
  '/orders': { scopes: 'orders:read' },
  '/payouts': { scopes: 'orders:read', maxTokenAge: '5m' },
  '/refunds': { scopes: 'orders:read', confirmAfter: 0 },
} as const satisfies Record<string, Policy>

/** The address of a guarded route. */
export type GuardedPath = keyof typeof ROUTES

/** Every route with its policy. */
export const routes = Object.entries(ROUTES) as readonly (readonly [GuardedPath, Policy])[]

/** The port a server listens on (0: a free one), and the verifier that guards it. */
export interface ApiOptions {
  readonly verifier: Verifier
  readonly port: number
}

/** A listening API. */
export interface Api {
  readonly url: string
  close(): Promise<void>
}
