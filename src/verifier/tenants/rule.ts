import { explain } from '../../model/detail/explain.js'
import { functionFailure } from '../../model/refusal/function-failure.js'
import { createCause, Refusal } from '../../model/refusal/refusal.js'
import type { TenantProfile } from '../../model/issuer/issuer.js'
import { phrase } from '../../util/quote.js'

/** Refuses a tenant that the configuration does not accept. */
export type TenantRule = (tenant: string) => Refusal | undefined

/** The failure of a function that returns a promise, although it is called on every request and must be synchronous. */
const PROMISE = createCause('the tenants function returned a promise, and must return a boolean')

/**
 * Creates the rule of an issuer's tenants. A function accepts a tenant only by the result `true`. One that throws, or that
 * returns a promise, has not decided: the token gets 503, because the failure says nothing about it.
 *
 * @param issuer - the issuer's name, for refusals.
 */
export function createTenantRule(issuer: string, allowed: TenantProfile['allowed']): TenantRule {
  const refuse = (tenant: string, why: string): Refusal => {
    const detail = explain('issuer_unknown', 'tenant', { tenant, problem: phrase(why) })
    return new Refusal('issuer_unknown', { issuer, detail })
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
      return functionFailure('tenants', error).withOrigin(issuer, 'local')
    }
    if (result === true) return undefined
    if (result === false) return refuse(tenant, 'the tenants function returned false')
    if (result instanceof Promise) {
      // A rejection that is not handled would end the process.
      result.catch(() => undefined)
      return functionFailure('tenants', PROMISE, 'a promise in place of a boolean').withOrigin(
        issuer,
        'local',
      )
    }
    return refuse(tenant, 'the tenants function returned a value that is not a boolean')
  }
}
