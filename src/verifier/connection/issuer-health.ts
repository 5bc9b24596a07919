import type { Introspector, RemoteHealth } from '../../introspection/introspector.js'
import type { DiscoveredEndpoint } from '../../keys/introspection-endpoint.js'
import type { DocumentHealth, TenantsHealth } from '../../model/issuer/health.js'

/** State of one issuer, returned by `verifier.health()`. */
export interface IssuerHealth {
  /** Name of the configured issuer: its `iss`, or the name that `oauth`, `clerk`, `stytch` or `authlete` gave it. */
  readonly name: string
  /** Kind of the issuer: `oauth`, `clerk`, `stytch`, `authlete`, or the `provider` of a custom issuer. */
  readonly provider: string
  /**
   * The worse status of `keys` and `remote`. `degraded`: the latest fetch or call failed, and some tokens can still be
   * checked. `down`: no usable keys, or no call has succeeded yet.
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** State of the issuer's keys, with the number of usable ones; absent if no JWTs are verified locally. */
  readonly keys?: DocumentHealth & {
    /** Number of usable keys. */
    readonly count: number
  }
  /** State of the introspection endpoint; absent if the issuer has none. */
  readonly remote?: RemoteHealth
  /** State of the tenants; absent if the issuer has none. `keys` and `remote` are then those that the tenants share. */
  readonly tenants?: TenantsHealth
  /** Hosts that may be called over plain http: the option `insecureHosts`. Absent if there are none. */
  readonly insecureHosts?: readonly string[]
}

/** Returns the worst of several statuses. */
export function worst(statuses: readonly (IssuerHealth['status'] | undefined)[]): IssuerHealth['status'] {
  if (statuses.includes('down')) return 'down'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}

/** The health of the endpoint. A discovery document that cannot be loaded is a failure of the endpoint that it names. */
export function remoteHealthOf(
  remote: Introspector | undefined,
  discovered: DiscoveredEndpoint | undefined,
): RemoteHealth | undefined {
  const health = remote?.health()
  const problem = discovered?.problem()
  if (health === undefined || problem === undefined) return health
  return {
    ...health,
    status: worst([health.status, problem.status]),
    failure: health.failure ?? problem.failure,
  }
}
