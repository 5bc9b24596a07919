import { explain } from '../../model/detail/explain.js'
import { Refusal } from '../../model/refusal/refusal.js'
import type { TenantProfile } from '../../model/issuer/issuer.js'
import { phrase } from '../../util/quote.js'

/** Refuses a tenant that the configuration does not accept. */
export type TenantRule = (tenant: string) => Refusal | undefined

/**
 * Creates the rule of an issuer's tenants. A function accepts a tenant only by the result `true`: a promise would be truthy
 * whatever it resolves to, and an error must not accept the token.
 *
 * @param issuer - the issuer's name, for refusals.
 */
export function createTenantRule(issuer: string, allowed: TenantProfile['allowed']): TenantRule {
  const refuse = (tenant: string, why: string, cause?: unknown): Refusal => {
    const detail = explain('issuer_unknown', 'tenant', { tenant, problem: phrase(why) })
    return new Refusal('issuer_unknown', { issuer, detail, cause })
  }
  if (typeof allowed !== 'function') {
    const listed = new Set(allowed)
    return (tenant) =>
      listed.has(tenant) ? undefined : refuse(tenant, 'the list of tenants does not contain it')
  }
  return (tenant) => {
    let result: unknown
    try {
      result = allowed(tenant)
    } catch (error) {
      return refuse(tenant, 'the tenants function threw an error', error)
    }
    if (result === true) return undefined
    if (result === false) return refuse(tenant, 'the tenants function returned false')
    // A rejection that is not handled would end the process.
    if (result instanceof Promise) result.catch(() => undefined)
    return refuse(tenant, 'the tenants function returned a value that is not a boolean, such as a promise')
  }
}
