import { encodePathSegment } from '../../options/path-part.js'
import { readOptions } from '../../options/read-options.js'
import {
  custom,
  mapped,
  mismatch,
  optional,
  type Reader,
  type TableOf,
  restricting,
} from '../../options/reader.js'
import { nonEmptyString, oneOf, record, string } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
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

/** A client id that a URL path can hold. */
const clientId = mapped(nonEmptyString, (id, option) => {
  encodePathSegment(option, id)
  return id
})

/** Scopes as a list; a string is split at its spaces. */
export const scopeList: Reader<readonly string[]> = custom('string or list', (option, value) => {
  const scopes: readonly unknown[] | undefined =
    typeof value === 'string' ? splitScopes(value) : Array.isArray(value) ? value : undefined
  if (scopes === undefined)
    throw mismatch(option, value, 'must be scopes as a list, or as a string with spaces')
  return scopes.map((scope) => {
    if (isScopeToken(scope)) return scope
    throw new ConfigurationError(
      option,
      'each scope must be visible ASCII without space, quote and backslash (RFC 6749 section 3.3)',
    )
  })
})

const SETTINGS = {
  // An empty string removes a name or a description.
  clientName: optional(string()),
  clientDescription: optional(string()),
  trustedMetadata: optional(mapped(record, (value, option) => copyJson(option, value) as Body)),
}

const CREATE = {
  ...SETTINGS,
  scopes: scopeList,
  clientId: optional(clientId),
  clientSecret: optional(nonEmptyString),
} satisfies TableOf<StytchCreateInput>

export function readCreateInput(where: string, input: StytchCreateInput): Body {
  const own = readOptions(where, input, CREATE)
  return {
    client_id: own.clientId,
    client_secret: own.clientSecret,
    client_name: own.clientName,
    client_description: own.clientDescription,
    scopes: own.scopes,
    trusted_metadata: own.trustedMetadata,
  }
}

const UPDATE = {
  ...SETTINGS,
  clientId,
  status: restricting(optional(oneOf<StytchClientStatus>(['active', 'inactive']))),
  scopes: restricting(optional(scopeList)),
} satisfies TableOf<StytchUpdateInput>

export function readUpdateInput(
  where: string,
  input: StytchUpdateInput,
): { readonly clientId: string; readonly body: Body } {
  const own = readOptions(where, input, UPDATE)
  const body = {
    client_name: own.clientName,
    client_description: own.clientDescription,
    status: own.status,
    scopes: own.scopes,
    trusted_metadata: own.trustedMetadata,
  }
  if (Object.values(body).every((value) => value === undefined))
    throw new ConfigurationError(where, 'changes nothing: specify at least one field to change')
  return { clientId: own.clientId, body }
}

const CLIENT = { clientId } satisfies TableOf<StytchClientReference>

/** The id of an input that has nothing else. */
export function readClientId(where: string, input: StytchClientReference): string {
  return readOptions(where, input, CLIENT).clientId
}

const TOKEN = {
  clientId,
  clientSecret: nonEmptyString,
  scopes: restricting(
    optional(
      mapped(scopeList, (scopes, option) => {
        if (scopes.length > 0) return scopes
        // Sent without a scope, the request would get all the client may have: the opposite of nothing.
        throw new ConfigurationError(option, 'must not be empty: leave it out for all the client has')
      }),
    ),
  ),
} satisfies TableOf<StytchTokenInput>

/** The form of RFC 6749 section 4.4. */
export function readTokenInput(
  where: string,
  input: StytchTokenInput,
): Readonly<Record<'client_id' | 'client_secret', string>> & Readonly<Record<string, string>> {
  const own = readOptions(where, input, TOKEN)
  return {
    client_id: own.clientId,
    client_secret: own.clientSecret,
    grant_type: 'client_credentials',
    ...(own.scopes === undefined ? {} : { scope: own.scopes.join(' ') }),
  }
}
