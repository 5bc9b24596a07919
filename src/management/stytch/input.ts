import { encodePathSegment } from '../../options/path-part.js'
import { ownOptions } from '../../options/read-options.js'
import { requiredText } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { isScopeToken, splitScopes } from '../../model/scopes.js'
import { copyJson } from '../../options/json-value.js'
import type { StytchClientStatus } from './client.js'

/** What {@link StytchClients.create} takes. */
export interface StytchCreateInput {
  /** What its tokens may be for: a list, or a text with spaces. May be empty, but not left out. */
  readonly scopes: string | readonly string[]
  readonly clientName?: string
  readonly clientDescription?: string
  /** Imports a client under an id of your own. Default: Stytch makes one up. */
  readonly clientId?: string
  /** Imports a client with its secret, at least 8 characters and hard to guess. Default: Stytch makes one up. */
  readonly clientSecret?: string
  /** Values of JSON, kept with the client for the project's own use. At most 20 members and 4 KB, Stytch says. */
  readonly trustedMetadata?: Readonly<Record<string, unknown>>
}

/** What {@link StytchClients.update} takes: the id, and at least one thing to change. */
export interface StytchUpdateInput {
  readonly clientId: string
  readonly clientName?: string
  readonly clientDescription?: string
  /** `'inactive'` keeps the client from new tokens; it does not end those it has. */
  readonly status?: StytchClientStatus
  /** All it may have from now on, in place of what it had. An empty list takes everything. */
  readonly scopes?: string | readonly string[]
  /** Merged into what is there, by top-level member; `null` takes a member away. */
  readonly trustedMetadata?: Readonly<Record<string, unknown>>
}

/** The client an operation is about. */
export interface StytchClientReference {
  readonly clientId: string
}

/** What {@link StytchClients.token} takes: the client's own credentials. */
export interface StytchTokenInput {
  readonly clientId: string
  readonly clientSecret: string
  /** A part of what the client may have: a list, or a text with spaces. Default: all of it. */
  readonly scopes?: string | readonly string[]
}

type Body = Readonly<Record<string, unknown>>

export function readCreateInput(where: string, input: StytchCreateInput): Body {
  const own = ownOptions<StytchCreateInput>(where, input, {
    scopes: true,
    clientName: true,
    clientDescription: true,
    clientId: true,
    clientSecret: true,
    trustedMetadata: true,
  })
  return {
    client_id: own.clientId === undefined ? undefined : readClientIdValue(where, own.clientId),
    client_secret:
      own.clientSecret === undefined ? undefined : requiredText(`${where}.clientSecret`, own.clientSecret),
    client_name: optionalString(`${where}.clientName`, own.clientName),
    client_description: optionalString(`${where}.clientDescription`, own.clientDescription),
    scopes: readScopes(`${where}.scopes`, own.scopes),
    trusted_metadata: readMetadata(`${where}.trustedMetadata`, own.trustedMetadata),
  }
}

export function readUpdateInput(
  where: string,
  input: StytchUpdateInput,
): { readonly clientId: string; readonly body: Body } {
  const own = ownOptions<StytchUpdateInput>(where, input, {
    clientId: true,
    clientName: true,
    clientDescription: true,
    status: true,
    scopes: true,
    trustedMetadata: true,
  })
  const { status } = own
  if (status !== undefined && !['active', 'inactive'].includes(status))
    throw new ConfigurationError(`${where}.status`, "must be 'active' or 'inactive'")
  const body = {
    client_name: optionalString(`${where}.clientName`, own.clientName),
    client_description: optionalString(`${where}.clientDescription`, own.clientDescription),
    status,
    scopes: own.scopes === undefined ? undefined : readScopes(`${where}.scopes`, own.scopes),
    trusted_metadata: readMetadata(`${where}.trustedMetadata`, own.trustedMetadata),
  }
  const clientId = readClientIdValue(where, own.clientId)
  if (Object.values(body).every((value) => value === undefined))
    throw new ConfigurationError(where, 'names nothing to change')
  return { clientId, body }
}

/** The id of an input that has nothing else. */
export function readClientId(where: string, input: StytchClientReference): string {
  return readClientIdValue(
    where,
    ownOptions<StytchClientReference>(where, input, { clientId: true }).clientId,
  )
}

/** The form of RFC 6749 section 4.4. */
export function readTokenInput(
  where: string,
  input: StytchTokenInput,
): Readonly<Record<'client_id' | 'client_secret', string>> & Readonly<Record<string, string>> {
  const own = ownOptions<StytchTokenInput>(where, input, { clientId: true, clientSecret: true, scopes: true })
  const scopes = own.scopes === undefined ? undefined : readScopes(`${where}.scopes`, own.scopes)
  // Sent without a scope, the request would get all the client may have: the opposite of nothing.
  if (scopes?.length === 0)
    throw new ConfigurationError(`${where}.scopes`, 'must not be empty: leave it out for all the client has')
  return {
    client_id: readClientIdValue(where, own.clientId),
    client_secret: requiredText(`${where}.clientSecret`, own.clientSecret),
    grant_type: 'client_credentials',
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  }
}

/** The id as it was given; one that no path can hold is refused. */
function readClientIdValue(where: string, value: unknown): string {
  const clientId = requiredText(`${where}.clientId`, value)
  encodePathSegment(`${where}.clientId`, clientId)
  return clientId
}

/** Scopes as a list; a text is taken apart at its spaces. */
export function readScopes(option: string, value: unknown): readonly string[] {
  const scopes: readonly unknown[] | undefined =
    typeof value === 'string' ? splitScopes(value) : Array.isArray(value) ? value : undefined
  if (scopes === undefined)
    throw new ConfigurationError(option, 'is required: scopes as a list, or as a text with spaces')
  return scopes.map((scope) => {
    if (isScopeToken(scope)) return scope
    throw new ConfigurationError(
      option,
      'each scope must be visible ASCII without space, quote and backslash (RFC 6749 section 3.3)',
    )
  })
}

/** An empty text is one: it takes a name or a description away. */
function optionalString(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new ConfigurationError(option, 'must be a string')
}

function readMetadata(option: string, value: unknown): Body | undefined {
  if (value === undefined) return undefined
  if (!isRecord(value)) throw new ConfigurationError(option, 'must be an object')
  return copyJson(option, value) as Body
}
