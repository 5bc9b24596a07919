import type { Clock } from '../util/clock.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { DocumentOutages } from '../keys/document-outages.js'
import { DiscoveredEndpoint } from '../keys/introspection-endpoint.js'
import { createMetadataDocument, type IssuerMetadata } from '../keys/issuer-metadata.js'
import { createTransport, type Transport } from '../http/transport/transport.js'
import type { RefreshingDocument } from '../keys/refreshing-document.js'
import type { DocumentHealth, TenantsHealth } from '../model/health.js'
import { RemoteKeySet } from '../keys/remote-key-set.js'
import { StaticKeySet } from '../keys/static-key-set.js'
import type { KeySet } from '../model/verification-key.js'
import { KEY_SETTINGS } from '../keys/options.js'
import { readUsableKeys } from '../keys/jwks.js'
import { Introspector, type RemoteHealth } from '../introspection/introspector.js'
import type { AccessToken, TokenFacts } from '../model/access-token.js'
import { TenantKeySet } from '../keys/tenant-key-set.js'
import type { UrlTemplate } from '../util/url-template.js'
import type { Tenant } from './tenants/tenant.js'
import type { TenantTargets } from './token-router.js'
import { type Refusal, type OrRefusal, type VerificationFailure, isRefusal } from '../model/refusal.js'
import type { IssuerObserver, TellIssuerEvent } from '../model/issuer-events.js'
import { issuerEvents } from '../telemetry/issuer-events.js'
import { pemToJwk } from '../keys/pem.js'
import type { Issuer, KeySource, RemoteProfile, RequestHeaders } from '../model/issuer.js'
import type { KeySettings } from '../model/issuer-settings.js'
import { REMOTE_OPTIONS } from '../introspection/options.js'
import { readOptions } from '../options/read-options.js'
import { insecureHosts } from '../options/url.js'
import { warnOfInsecureHosts } from '../telemetry/insecure-hosts.js'

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

/** Parts of a connection that several issuers share, and the tenant that an issuer is. */
export interface SharedParts {
  readonly transport?: Transport
  readonly keys?: KeySet | undefined
  readonly remote?: Introspector | undefined
  readonly tenant?: { readonly tenant: Tenant; readonly template: UrlTemplate }
}

/** Settings shared by all clients of the issuer. */
interface Settings {
  readonly transport: Transport
  /** Template of `iss`, if the issuer is a tenant. */
  readonly template: UrlTemplate | undefined
  readonly tell: TellIssuerEvent
  /** Reports outages of the keys and the discovery document as one. */
  readonly outages: DocumentOutages
  /** Settings of key fetching, with defaults. */
  readonly keyOptions: KeySettings
  /** How tokens are introspected, with default settings. */
  readonly remote: RemoteProfile | undefined
  /** Prefix of the issuer's opaque tokens. */
  readonly opaquePrefix: string | undefined
  /** The `iss` of the issuer's JWTs. */
  readonly jwtIssuer: string | undefined
  /** Hosts for which `http:` is allowed. */
  readonly insecureHosts: readonly string[]
  /** Headers of the requests for the discovery document. */
  readonly metadataHeaders: RequestHeaders | undefined
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
  observer: IssuerObserver | undefined,
  shared: SharedParts = {},
): ConnectedIssuer {
  const { transport = createTransport(issuer.fetch), tenant } = shared
  const tell = issuerEvents(issuer, observer)
  const settings = {
    transport,
    template: tenant?.template,
    tell,
    outages: new DocumentOutages(tell),
    keyOptions: keyOptionsOf(where, issuer),
    remote: remoteOf(where, issuer.remote),
    opaquePrefix: issuer.opaque?.prefix ?? undefined,
    jwtIssuer: issuer.jwt?.issuers?.[0],
    insecureHosts: insecureHosts.read(`${where}.insecureHosts`, issuer.insecureHosts),
    metadataHeaders: metadataHeadersOf(issuer),
  }
  const metadata = metadataOf(issuer, clock, settings)
  const keys = ofTenant(shared.keys ?? keySetOf(issuer, metadata, clock, settings), issuer, tenant?.template)
  const discovered = discoveredEndpointOf(issuer, metadata)
  const remote = shared.remote ?? remoteCheckOf(discovered, clock, settings)
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

function ofTenant(
  keys: KeySet | undefined,
  { name }: Issuer,
  template: UrlTemplate | undefined,
): KeySet | undefined {
  return keys === undefined || template === undefined ? keys : new TenantKeySet(keys, name, template)
}

/** Reads the key options, with the same checks and defaults for custom issuers as for built-in ones. */
function keyOptionsOf(where: string, { jwt, remote: profile }: Issuer): KeySettings {
  const source = jwt?.keys
  const remote = source?.kind === 'remote' || source?.kind === 'discovery' ? source : undefined
  if (remote === undefined) {
    const { discoveryOptions = {} } = profile ?? {}
    return readOptions(`${where}.remote.discoveryOptions`, discoveryOptions, KEY_SETTINGS)
  }
  const { options = {} } = remote
  return readOptions(`${where}.jwt.keys.options`, options, KEY_SETTINGS)
}

/** The headers of the discovery document: those of the keys if both are discovered. */
function metadataHeadersOf({ jwt, remote }: Issuer): RequestHeaders | undefined {
  const source = jwt?.keys
  return source?.kind === 'discovery' ? source.headers : remote?.discoveryHeaders
}

function remoteOf(where: string, profile: RemoteProfile | undefined): RemoteProfile | undefined {
  if (profile === undefined) return undefined
  const { options = {} } = profile
  return {
    endpoint: profile.endpoint,
    options: readOptions(`${where}.remote.options`, options, REMOTE_OPTIONS),
    request: (token, context) => profile.request(token, context),
    ...(profile.readCredential && { readCredential: profile.readCredential.bind(profile) }),
    read: (response, token) => profile.read(response, token),
    ...(profile.readConfirmation && { readConfirmation: profile.readConfirmation.bind(profile) }),
  }
}

/** Returns the worst of several statuses. */
export function worst(statuses: readonly (IssuerHealth['status'] | undefined)[]): IssuerHealth['status'] {
  if (statuses.includes('down')) return 'down'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}

/** The discovery document, shared by the URL of the key set and the introspection endpoint. */
function metadataOf(
  issuer: Issuer,
  clock: Clock,
  settings: Settings,
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
  settings: Settings,
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

function remoteCheckOf(
  discovered: DiscoveredEndpoint | undefined,
  clock: Clock,
  settings: Settings,
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
  { remote }: Issuer,
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
): DiscoveredEndpoint | undefined {
  if (remote?.endpoint !== 'discovered' || metadata === undefined) return undefined
  return new DiscoveredEndpoint(metadata)
}

/** The health of the endpoint. A discovery document that cannot be loaded is a failure of the endpoint that it names. */
function remoteHealthOf(
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
