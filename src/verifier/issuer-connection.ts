import type { Clock } from '../util/clock.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { DocumentOutages } from '../keys/document-outages.js'
import { createMetadataDocument, type IssuerMetadata } from '../keys/issuer-metadata.js'
import { createTransport, type Transport } from '../http/transport/transport.js'
import type { RefreshingDocument } from '../keys/refreshing-document.js'
import type { DocumentHealth } from '../model/health.js'
import { RemoteKeySet } from '../keys/remote-key-set.js'
import { StaticKeySet } from '../keys/static-key-set.js'
import type { KeySet } from '../model/verification-key.js'
import { KEY_OPTIONS } from '../keys/options.js'
import { readUsableKeys } from '../keys/jwks.js'
import { Introspector, type RemoteHealth } from '../introspection/introspector.js'
import { explain } from '../model/detail/explain.js'
import { causeOf, Refusal, type OrRefusal, isRefusal } from '../model/refusal.js'
import { issuerReports, type IssuerObservers, type IssuerReports } from '../telemetry/issuer-events.js'
import { pemToJwk } from '../keys/pem.js'
import type { Issuer, KeySource, RemoteProfile } from '../model/issuer.js'
import type { KeySettings } from '../model/issuer-settings.js'
import { REMOTE_OPTIONS } from '../introspection/options.js'
import { readOptions } from '../options/read-options.js'
import { afterwards, type Awaitable } from '../util/awaitable.js'
import { phrase } from '../util/quote.js'
import { SharedFlight } from '../util/single-flight.js'

/** An issuer with the state that one verifier holds for it: keys, introspector and connections. */
export interface ConnectedIssuer {
  readonly issuer: Issuer
  /** A copy of the issuer's `audience`, because cached tokens hold the result of comparing it. */
  readonly audience: readonly string[] | null
  readonly keys: KeySet | undefined
  readonly remote: Introspector | undefined
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
}

/** Settings shared by all clients of the issuer. */
interface Settings extends IssuerReports {
  readonly transport: Transport
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
  observers: IssuerObservers,
): ConnectedIssuer {
  const transport = createTransport(issuer.fetch)
  const reports = issuerReports(issuer, observers)
  const settings = {
    transport,
    ...reports,
    outages: new DocumentOutages(reports.tell),
    keyOptions: keyOptionsOf(where, issuer),
    remote: remoteOf(where, issuer.remote),
    opaquePrefix: issuer.opaque?.prefix ?? undefined,
    jwtIssuer: issuer.jwt?.issuers?.[0],
  }
  const metadata = metadataOf(issuer, clock, settings)
  const keys = keySetOf(issuer, metadata, clock, settings)
  const remote = remoteCheckOf(metadata, clock, settings)
  return {
    issuer,
    audience: issuer.audience === null ? null : Object.freeze([...issuer.audience]),
    keys,
    remote,
    async load() {
      const refusal = await keys?.load()
      if (refusal !== undefined || issuer.remote?.endpoint !== 'discovered') return refusal
      const document = await metadata?.current()
      return isRefusal(document) ? document : undefined
    },
    health() {
      const keysHealth = keys === undefined ? undefined : { ...keys.health(), count: keys.size() }
      const remoteHealth = remote?.health()
      return {
        name: issuer.name,
        provider: issuer.provider,
        status: worst([keysHealth?.status, remoteHealth?.status]),
        ...(keysHealth === undefined ? {} : { keys: keysHealth }),
        ...(remoteHealth === undefined ? {} : { remote: remoteHealth }),
      }
    },
    close() {
      transport.close()
    },
  }
}

/** Reads the key options, with the same checks and defaults for custom issuers as for built-in ones. */
function keyOptionsOf(where: string, { jwt, remote: profile }: Issuer): KeySettings {
  const source = jwt?.keys
  const remote = source?.kind === 'remote' || source?.kind === 'discovery' ? source : undefined
  if (remote === undefined) {
    const { discoveryOptions = {} } = profile ?? {}
    return readOptions(`${where}.remote.discoveryOptions`, discoveryOptions, KEY_OPTIONS)
  }
  const { options = {} } = remote
  return readOptions(`${where}.jwt.keys.options`, options, KEY_OPTIONS)
}

function remoteOf(where: string, profile: RemoteProfile | undefined): RemoteProfile | undefined {
  if (profile === undefined) return undefined
  const { options = {} } = profile
  return {
    endpoint: profile.endpoint,
    options: readOptions(`${where}.remote.options`, options, REMOTE_OPTIONS),
    request: (token) => profile.request(token),
    read: (response, token) => profile.read(response, token),
    ...(profile.readConfirmation && { readConfirmation: profile.readConfirmation.bind(profile) }),
  }
}

function worst(statuses: readonly (IssuerHealth['status'] | undefined)[]): IssuerHealth['status'] {
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
      return new RemoteKeySet({ metadata: required(metadata, source) }, settings.keyOptions, clock, settings)
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
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
  clock: Clock,
  settings: Settings,
): Introspector | undefined {
  const { remote: profile } = settings
  if (profile === undefined) return undefined
  const { endpoint } = profile
  return new Introspector(
    profile,
    endpoint === 'discovered' ? discoveredEndpoint(metadata) : () => endpoint,
    clock,
    settings,
  )
}

/** Reads the endpoint from the discovery document. Synchronous if the document is usable. */
function discoveredEndpoint(
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
): () => Awaitable<OrRefusal<string>> {
  const loading = new SharedFlight<OrRefusal<string>>()
  return () => {
    const document = metadata?.current()
    return document instanceof Promise
      ? loading.share(() => afterwards(document, endpointOf, metadata))
      : endpointOf(document, metadata)
  }
}

function endpointOf(
  document: OrRefusal<IssuerMetadata> | undefined,
  metadata: RefreshingDocument<IssuerMetadata> | undefined,
): OrRefusal<string> {
  if (isRefusal(document)) {
    // A 429 may be caused by our own load, so it must not allow a stale result.
    const next = metadata?.secondsToNextAttempt()
    const values = {
      document: phrase('discovery document'),
      failure: 'not loaded',
      ...metadata?.failing(),
      next,
    }
    const isOverloaded = metadata?.isOverloaded() === true
    return new Refusal(isOverloaded ? 'issuer_overloaded' : 'issuer_unavailable', {
      cause: document.cause,
      retryAfterSeconds: next,
      detail: isOverloaded
        ? explain('issuer_overloaded', 'discovery_status', values)
        : explain('issuer_unavailable', 'discovery', values),
    })
  }
  if (document?.introspectionEndpoint !== undefined) return document.introspectionEndpoint
  return new Refusal('issuer_unavailable', {
    cause: causeOf(
      'the discovery document has no https introspection_endpoint. Set the option introspection.endpoint',
    ),
    detail: explain('issuer_unavailable', 'endpoint', {}),
  })
}
