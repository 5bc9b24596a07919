import type { Clock } from '../../util/clock.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { DocumentOutages } from '../../keys/document-outages.js'
import { DiscoveredEndpoint } from '../../keys/introspection-endpoint.js'
import { createMetadataDocument, type IssuerMetadata } from '../../keys/issuer-metadata.js'
import { createTransport, type Transport } from '../../http/transport/transport.js'
import type { RefreshingDocument } from '../../keys/refreshing-document.js'
import { RemoteKeySet } from '../../keys/remote-key-set.js'
import { StaticKeySet } from '../../keys/static-key-set.js'
import type { KeySet } from '../../model/key/verification-key.js'
import { readUsableKeys } from '../../keys/jwks.js'
import { Introspector } from '../../introspection/introspector.js'
import { IssuerAnswers } from '../../introspection/issuer-answers.js'
import { REMOTE_DEFAULTS } from '../../introspection/options.js'
import type { AccessToken, TokenFacts } from '../../model/access-token.js'
import { TenantKeySet } from '../../keys/tenant-key-set.js'
import type { UrlTemplate } from '../../util/url/url-template.js'
import type { Tenant } from '../tenants/tenant.js'
import type { TenantLimits } from '../tenants/limits.js'
import type { TenantTargets } from '../token-router.js'
import {
  type Refusal,
  type OrRefusal,
  type VerificationFailure,
  isRefusal,
} from '../../model/refusal/refusal.js'
import { remoteHealthOf, worst, type IssuerHealth } from './issuer-health.js'
import {
  keyOptionsOf,
  metadataHeadersOf,
  remoteOf,
  type ConnectionContext,
  type ConnectionSettings,
} from './settings.js'
import { issuerReports } from '../../telemetry/issuer-events.js'
import { pemToJwk } from '../../keys/pem.js'
import type { Issuer, KeySource } from '../../model/issuer/issuer.js'
import { insecureHosts } from '../../options/url.js'
import { warnOfInsecureHosts } from '../../options/insecure-hosts.js'

/** An issuer with the state that one verifier holds for it: keys, introspector and connections. */
export interface ConnectedIssuer {
  readonly issuer: Issuer
  /** A copy of the issuer's `audience`, because cached tokens hold the result of comparing it. */
  readonly audience: readonly string[] | null
  readonly keys: KeySet | undefined
  readonly remote: Introspector | undefined
  /** The tenant that this issuer is; `undefined` for an issuer that is configured itself. */
  readonly tenant: Tenant | undefined
  /** The tenants of the issuer, to which its JWTs are routed; `undefined` if it has none. */
  readonly tenants: TenantTargets<ConnectedIssuer> | undefined
  /** Finds the tenant that an introspection result is about; `undefined` if there are no tenants. */
  readonly assign:
    | ((facts: TokenFacts, format: AccessToken['format']) => OrRefusal<ConnectedIssuer> | VerificationFailure)
    | undefined
  /** Loads the documents that the first request would otherwise load. */
  load(): Promise<Refusal | undefined>
  health(): IssuerHealth
  /** Closes idle connections. A connection in use is closed after its response has been read. */
  close(): void
}

/** Parts of a connection that several issuers share, and the tenant that an issuer is. */
export interface SharedParts {
  readonly transport?: Transport
  readonly keys?: KeySet | undefined
  readonly remote?: Introspector | undefined
  readonly tenant?: {
    readonly tenant: Tenant
    readonly template: UrlTemplate
    readonly limits: TenantLimits
  }
}

/**
 * Creates the keys and the introspector of an issuer. Documents are fetched when they are first needed.
 *
 * @param where - name of the issuer in errors: `issuers[0]`.
 * @throws ConfigurationError for values beyond the bounds of the options `keys` and `remote`.
 */
export function connectIssuer(
  where: string,
  issuer: Issuer,
  clock: Clock,
  observers: ConnectionContext,
  shared: SharedParts = {},
): ConnectedIssuer {
  const { transport = createTransport(issuer.fetch), tenant } = shared
  const reports = issuerReports(issuer, observers)
  const settings = {
    transport,
    template: tenant?.template,
    ...reports,
    outages: new DocumentOutages(reports.tell),
    keyLimits: tenant?.limits.ofKeys(issuer.name),
    shared: tenant?.limits.calls,
    keyOptions: keyOptionsOf(where, issuer),
    remote: remoteOf(where, issuer.remote),
    opaquePrefix: issuer.opaque?.prefix ?? undefined,
    jwtIssuer: issuer.jwt?.issuers?.[0],
    insecureHosts: insecureHosts.read(`${where}.insecureHosts`, issuer.insecureHosts),
    metadataHeaders: metadataHeadersOf(issuer),
  }
  const metadata = metadataOf(issuer, clock, settings)
  const keySet = shared.keys ?? keySetOf(issuer, metadata, clock, settings)
  const keys = keySet === undefined || tenant === undefined ? keySet : new TenantKeySet(keySet)
  const discovered = discoveredEndpointOf(issuer, metadata, tenant !== undefined)
  const answers = answersOf(issuer, settings, clock, observers)
  const remote = shared.remote ?? remoteCheckOf(discovered, clock, { ...settings, answers })
  warnOfInsecureHosts(settings.insecureHosts)
  return {
    issuer,
    audience: issuer.audience === null ? null : Object.freeze([...issuer.audience]),
    keys,
    remote,
    tenant: tenant?.tenant,
    tenants: undefined,
    assign: undefined,
    async load() {
      const refusal = await keys?.load()
      if (refusal !== undefined) return refusal
      const endpoint = await discovered?.find()
      return isRefusal(endpoint) ? endpoint : undefined
    },
    health() {
      const keysHealth = keys === undefined ? undefined : { ...keys.health(), count: keys.size() }
      const remoteHealth = remoteHealthOf(remote, discovered)
      return {
        name: issuer.name,
        provider: issuer.provider,
        status: worst([keysHealth?.status, remoteHealth?.status]),
        ...(keysHealth === undefined ? {} : { keys: keysHealth }),
        ...(remoteHealth === undefined ? {} : { remote: remoteHealth }),
        ...(settings.insecureHosts.length === 0 ? {} : { insecureHosts: settings.insecureHosts }),
      }
    },
    close() {
      transport.close()
    },
  }
}

/** The discovery document, shared by the URL of the key set and the introspection endpoint. */
function metadataOf(
  issuer: Issuer,
  clock: Clock,
  settings: ConnectionSettings,
): RefreshingDocument<IssuerMetadata> | undefined {
  const source = issuer.jwt?.keys
  if (source?.kind === 'discovery')
    return createMetadataDocument(source.issuer, settings.keyOptions, clock, settings)
  if (issuer.remote?.endpoint !== 'discovered') return undefined
  return createMetadataDocument(issuer.name, settings.keyOptions, clock, settings)
}

function keySetOf(
  issuer: Issuer,
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
  clock: Clock,
  settings: ConnectionSettings,
): KeySet | undefined {
  const source = issuer.jwt?.keys ?? undefined
  if (source === undefined) return undefined
  switch (source.kind) {
    case 'static':
      return new StaticKeySet(readUsableKeys(source.jwks.keys))
    case 'pem':
      return new StaticKeySet(readUsableKeys([pemToJwk(`${issuer.name} key`, source.pem)]))
    case 'remote':
      return new RemoteKeySet(source, settings.keyOptions, clock, settings)
    case 'discovery':
      return new RemoteKeySet(
        { ...source, metadata: required(metadata, source) },
        settings.keyOptions,
        clock,
        settings,
      )
  }
}

function required(
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
  source: KeySource,
): RefreshingDocument<IssuerMetadata> {
  if (metadata === undefined)
    throw new ConfigurationError('keys', `requires a discovery document for the kind '${source.kind}'`)
  return metadata
}

/** The shared results of an issuer. Without a name of the caller, those of several callers could be mixed up. */
function answersOf(
  { name }: Issuer,
  { remote, tell }: ConnectionSettings,
  clock: Clock,
  { answers }: ConnectionContext,
): IssuerAnswers | undefined {
  if (answers === undefined || remote?.caller === undefined) return undefined
  return new IssuerAnswers({
    answers,
    identity: [name, remote.endpoint, remote.caller],
    inactiveLifetime: remote.options?.refusedLifetime ?? REMOTE_DEFAULTS.refusedLifetime,
    clock,
    tell,
  })
}

function remoteCheckOf(
  discovered: DiscoveredEndpoint | undefined,
  clock: Clock,
  settings: ConnectionSettings & { readonly answers: IssuerAnswers | undefined },
): Introspector | undefined {
  const { remote: profile } = settings
  if (profile === undefined) return undefined
  const { endpoint } = profile
  return new Introspector(
    profile,
    discovered === undefined ? () => endpoint : () => discovered.find(),
    clock,
    settings,
  )
}

function discoveredEndpointOf(
  { name, remote }: Issuer,
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
  isTenant: boolean,
): DiscoveredEndpoint | undefined {
  if (remote?.endpoint !== 'discovered' || metadata === undefined) return undefined
  return new DiscoveredEndpoint(metadata, remote.usesCertificate === true, isTenant ? name : undefined)
}
