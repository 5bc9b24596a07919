import type { IncomingMessage, ServerResponse } from 'node:http'

type Options = Readonly<Record<string, unknown>>

interface Call {
  readonly headers?: Headers
  readonly params?: Options
  readonly body?: Options
}

interface RegisteredClient {
  readonly client_id: string
  readonly client_secret?: string
}

export interface Auth {
  readonly api: {
    readonly signUpEmail: (call: Call & { readonly asResponse: true }) => Promise<Response>
    readonly adminCreateOAuthClient: (call: Call) => Promise<RegisteredClient>
    readonly adminLinkClientResource: (call: Call) => Promise<unknown>
  }
  /** The database, for what no endpoint of the version under test can change. */
  readonly $context: Promise<{
    readonly adapter: {
      readonly update: (change: {
        readonly model: string
        readonly where: readonly { readonly field: string; readonly value: string }[]
        readonly update: Options
      }) => Promise<unknown>
    }
  }>
}

declare const plugin: unique symbol

interface Plugin {
  readonly [plugin]: true
}

export function betterAuth(options: Options & { readonly plugins: readonly Plugin[] }): Auth
export function memoryAdapter(tables: Readonly<Record<string, unknown[]>>): unknown
export function toNodeHandler(
  auth: Auth,
): (request: IncomingMessage, response: ServerResponse) => Promise<void>
export function jwt(options: Options): Plugin
export function oauthProvider(options: Options): Plugin
