import { presentMember } from '../../../model/claim-path.js'
import { ConfigurationError } from '../../../options/configuration-error.js'
import { custom } from '../../../options/reader.js'
import { isRecord } from '../../../util/members.js'
import { quote } from '../../../util/quote.js'
import { callerFailure, type CallerRule } from './rules.js'

/** SPIFFE id, or all ids below a path. */
export type SpiffeIdMatch =
  | string
  | {
      /** Beginning of the accepted ids, which ends with a slash: `'spiffe://prod.acme.internal/ns/billing/'`. */
      readonly prefix: string
    }

/** Matches the path of a SPIFFE id (SPIFFE ID section 2.2). */
const PATH = /^(?:\/[\w.-]+)+$/
const PATH_PREFIX = /^(?:\/[\w.-]+)*\/$/
/** Matches a path segment that a reader of paths would resolve. */
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/

/** Reads the `ids` option, relative to the trust domain. */
export const spiffeIds = custom<readonly SpiffeIdMatch[]>(
  { type: 'list of strings or { prefix }', bounds: 'at least one' },
  (option, value, siblings) => {
    const domain = `spiffe://${String(siblings?.['trustDomain'])}`
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (value === undefined || list.length === 0)
      throw new ConfigurationError(option, 'must name at least one SPIFFE id')
    return list.map((item): SpiffeIdMatch => {
      const prefix = isRecord(item) && Object.keys(item).join() === 'prefix' ? item['prefix'] : undefined
      const given = prefix ?? item
      const pattern = prefix === undefined ? PATH : PATH_PREFIX
      if (
        typeof given === 'string' &&
        given.startsWith(`${domain}/`) &&
        !DOT_SEGMENT.test(given) &&
        pattern.test(given.slice(domain.length))
      ) {
        return prefix === undefined ? given : { prefix: given }
      }
      throw new ConfigurationError(
        option,
        `must name ids of the trust domain, without wildcards and without the segments . and ..: ` +
          `'${domain}/ns/billing/sa/invoices', or { prefix: '${domain}/ns/billing/' }`,
      )
    })
  },
)

/** Creates the rule that `sub` is a SPIFFE id of the trust domain that the option `ids` lists. */
export function hasSpiffeId(domain: string, ids: readonly SpiffeIdMatch[]): CallerRule {
  return (claims) => {
    const id = presentMember(claims, 'sub')
    if (typeof id === 'string' && !isSpiffePath(id.slice(domain.length)))
      return callerFailure(`sub is ${quote(id)}, which is not a SPIFFE id`)
    if (typeof id === 'string' && ids.some((match) => matches(match, id))) return undefined
    return callerFailure(`sub is ${quote(id)}, which ids does not list`)
  }
}

function matches(match: SpiffeIdMatch, id: string): boolean {
  return typeof match === 'string' ? id === match : id.startsWith(match.prefix)
}

/** Whether the part of an id after the trust domain has the form that the SPIFFE specification requires. */
function isSpiffePath(path: string): boolean {
  return PATH.test(path) && !DOT_SEGMENT.test(path)
}
