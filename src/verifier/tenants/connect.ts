import type { AccessToken, TokenFacts } from '../../model/access-token.js'
import type { Issuer, TenantProfile } from '../../model/issuer/issuer.js'
import { explain, failureOf } from '../../model/detail/explain.js'
import {
  causeOf,
  isRefusal,
  Refusal,
  type OrRefusal,
  type VerificationFailure,
} from '../../model/refusal/refusal.js'
import { createTransport } from '../../http/transport/transport.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import type { Clock } from '../../util/clock.js'
import { ownMember } from '../../util/members.js'
import {
  parseUrlTemplate,
  TEMPLATE_EXPECTATION,
  urlOfTenant,
  type UrlTemplate,
} from '../../util/url/url-template.js'
import type { TenantsHealth } from '../../model/issuer/health.js'
import { worst, type IssuerHealth } from '../connection/issuer-health.js'
import { connectIssuer, type ConnectedIssuer } from '../connection/issuer-connection.js'
import type { ConnectionContext } from '../connection/settings.js'
import { sharedWarnings } from '../../telemetry/issuer-events.js'
import { phrase } from '../../util/quote.js'
import { TenantConnections } from './connections.js'
import { TenantLimits } from './limits.js'

/** Number of listed tenants that `ready()` loads at the same time. */
const PARALLEL_LOADS = 16

/** Maximum number of failing tenants that health and errors name. */
const MOST_NAMED = 10

/**
 * Connects an issuer with tenants. Documents of a tenant are fetched when its first token arrives; all tenants share one
 * transport.
 *
 * @param where - name of the issuer in errors: `issuers[0]`.
 */
export function connectTenants(
  where: string,
  issuer: Issuer,
  profile: TenantProfile,
  clock: Clock,
  issuerObservers: ConnectionContext,
): ConnectedIssuer {
  const observers = { ...issuerObservers, warned: sharedWarnings(clock) }
  const limits = new TenantLimits(clock, profile.readCredential?.bind(profile))
  const template = readTemplate(`${where}.name`, issuer.name)
  const others = (profile.templates ?? []).map((text) => readTemplate(`${where}.tenants.templates`, text))
  const transport = createTransport(issuer.fetch)
  const shared = connectIssuer(where, issuer, clock, observers, { transport })
  const tenants = new TenantConnections({
    issuer,
    profile,
    templates: [template, ...others],
    clock,
    isShared: hasNoOwnDocuments(issuer),
    connect: (described, tenant) => {
      const { keys, remote } = shared
      const connected = connectIssuer(where, described, clock, observers, {
        transport,
        keys,
        remote,
        tenant: { tenant, template, limits },
      })
      const self: ConnectedIssuer = {
        ...connected,
        assign: (facts, format) => assignToTenant(self, facts, format),
      }
      return self
    },
  })
  return {
    ...shared,
    tenants,
    assign: (facts) => findTenantOf(facts, tenants),
    load: () => loadTenants(shared, tenants),
    health() {
      const health = shared.health()
      const { status, ...counts } = healthOfTenants(tenants)
      return { ...health, status: worst([health.status, status]), tenants: counts }
    },
    close() {
      tenants.clear()
      shared.close()
    },
  }
}

function readTemplate(option: string, text: string): UrlTemplate {
  const template = parseUrlTemplate(text)
  if (template === undefined) throw new ConfigurationError(option, TEMPLATE_EXPECTATION)
  return template
}

/** Whether a new tenant causes no fetch, because its keys and its introspection endpoint are shared. */
function hasNoOwnDocuments({ jwt, remote }: Issuer): boolean {
  return jwt?.checked === 'remote' ? remote !== undefined : jwt?.keys !== null
}

/** Finds the tenant of an opaque token, which only the introspection response names. */
function findTenantOf(
  facts: TokenFacts,
  tenants: TenantConnections,
): OrRefusal<ConnectedIssuer> | VerificationFailure {
  const iss: unknown = ownMember(facts, 'issuer')
  if (typeof iss !== 'string') return failureOf('claim_missing', 'tenant', {})
  const found = tenants.findByIss(iss)
  if (found === undefined)
    return failureOf('issuer_unknown', 'introspected', { iss, template: tenants.templates[0].text })
  if (isRefusal(found)) {
    return found.status === 401 ? { reason: found.reason, detail: found.detail ?? found.description } : found
  }
  found.tenant?.prove()
  return found
}

/** Refuses the result of a tenant's token if it is about another tenant. */
function assignToTenant(
  connected: ConnectedIssuer,
  facts: TokenFacts,
  format: AccessToken['format'],
): ConnectedIssuer | VerificationFailure {
  const iss = ownMember(facts, 'issuer')
  // The `iss` of a JWT has selected the tenant, so the response may omit it.
  const { name, jwt } = connected.issuer
  const isNamed = typeof iss === 'string' && (iss === name || jwt?.issuers?.includes(iss) === true)
  if (isNamed || (iss === undefined && format === 'jwt')) return connected
  return failureOf('claim_invalid', 'issuer', { iss, expected: name })
}

/** Loads what all tenants share, and the documents of listed tenants. */
async function loadTenants(
  shared: ConnectedIssuer,
  tenants: TenantConnections,
): Promise<Refusal | undefined> {
  const refusal = await shared.load()
  if (refusal !== undefined || tenants.listed === undefined) return refusal
  const failures: string[] = []
  const waiting = [...tenants.listed]
  const loadNext = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const connected = tenants.find(name)
      const failure = isRefusal(connected) ? connected : await connected.load()
      if (failure !== undefined)
        failures.push(`${urlOfTenant(tenants.templates[0], name)}: ${causeOf(failure)}`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_LOADS }, loadNext))
  if (failures.length === 0) return undefined
  const named = failures.sort().slice(0, MOST_NAMED).join('; ')
  return new Refusal('keys_unavailable', {
    cause: new Error(`${failures.length} of ${tenants.listed.length} tenants failed: ${named}`),
    detail: explain('keys_unavailable', 'tenants', {
      count: failures.length,
      total: tenants.listed.length,
      failures: phrase(named),
    }),
  })
}

function healthOfTenants(tenants: TenantConnections): TenantsHealth & Pick<IssuerHealth, 'status'> {
  const health = tenants.connected().map((connected) => connected.health())
  const failing = health.filter(({ status }) => status !== 'ok')
  const isDown = failing.length > 0 && health.every(({ status }) => status === 'down')
  const keyAge = Math.max(...health.map(({ keys }) => keys?.age ?? -1))
  const breakers = health.map(({ remote }) => remote?.breaker)
  const breaker = (['open', 'half-open', 'closed'] as const).find((state) => breakers.includes(state))
  return {
    status: isDown ? 'down' : failing.length > 0 ? 'degraded' : 'ok',
    known: tenants.listed?.length ?? health.length,
    failing: failing.length,
    ...(keyAge < 0 ? {} : { keyAge }),
    ...(breaker === undefined ? {} : { breaker }),
    failures: failing.slice(0, MOST_NAMED).map(({ name, status, keys, remote }) => ({
      name,
      status,
      failure: keys?.failure ?? remote?.failure ?? 'unknown',
    })),
  }
}
