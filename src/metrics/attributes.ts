import type { DecisionEvent } from '../model/decision.js'
import type { IssuerCall, IssuerCallResult } from '../model/issuer/issuer-calls.js'
import { parseUrlTemplate, tenantOf } from '../util/url/url-template.js'
import { ATTRIBUTES } from './instruments.js'

/** Attributes of a measurement. Their number of combinations is bounded. */
export type Attributes = Record<string, string>

/** Value of the client id for clients that are not in the list. */
const OTHER_CLIENT = '_OTHER'

/** Creates the attributes of measurements. */
export class MetricAttributes {
  readonly #names: ReadonlySet<string>
  readonly #templates: readonly NonNullable<ReturnType<typeof parseUrlTemplate>>[]
  readonly #clients: ReadonlySet<string> | undefined

  /**
   * @param issuers - names of the configured issuers.
   * @param clients - client ids that measurements may have; `undefined` for none.
   */
  constructor(issuers: readonly string[], clients: readonly string[] | undefined) {
    this.#names = new Set(issuers)
    this.#templates = issuers.flatMap((name) => parseUrlTemplate(name) ?? [])
    this.#clients = clients === undefined ? undefined : new Set(clients)
  }

  ofDecision({ outcome, source, mode, stage, issuer, reason, clientId }: DecisionEvent): Attributes {
    const attributes: Attributes = {
      [ATTRIBUTES.outcome]: outcome,
      [ATTRIBUTES.source]: source ?? 'none',
      [ATTRIBUTES.mode]: mode,
      [ATTRIBUTES.stage]: stage,
    }
    this.#addIssuer(attributes, issuer)
    // An optional guard accepts a request without a token, and its event has a reason.
    if (reason !== undefined && outcome !== 'accepted') attributes[ATTRIBUTES.errorType] = reason
    if (this.#clients !== undefined && clientId !== undefined)
      attributes[ATTRIBUTES.clientId] = this.#clients.has(clientId) ? clientId : OTHER_CLIENT
    return attributes
  }

  ofCall({ issuer }: IssuerCall, { reason }: Pick<IssuerCallResult, 'reason'> = {}): Attributes {
    const attributes: Attributes = {}
    this.#addIssuer(attributes, issuer)
    if (reason !== undefined) attributes[ATTRIBUTES.errorType] = reason
    return attributes
  }

  /**
   * Adds the name of the configured issuer: its template for a tenant, because the tenants may be unlimited. Adds nothing
   * for a name that is not configured.
   */
  #addIssuer(attributes: Attributes, issuer: string | undefined): void {
    if (issuer === undefined) return
    const name = this.#names.has(issuer)
      ? issuer
      : this.#templates.find((template) => tenantOf(template, issuer) !== undefined)?.text
    if (name !== undefined) attributes[ATTRIBUTES.issuer] = name
  }
}
