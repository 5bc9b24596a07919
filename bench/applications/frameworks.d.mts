import type { RequestListener } from 'node:http'
import type { Issuance } from '../support/tokens.js'

/** What a framework calls before the handler. Each framework has its own form. */
export type Guards = unknown

export interface PeerOptions {
  readonly timeout: number
  readonly cache: boolean
}

/** A framework with one route, and the guards for it. */
export interface Framework {
  readonly packages: readonly string[]
  /** The file in `adapters/`. */
  readonly adapter: string
  readonly listener: (guards: Guards) => Promise<RequestListener>
  /** Returns guards that judge a request by its headers alone. */
  readonly judge: (isAccepted: (headers: { readonly authorization?: string }) => boolean) => Guards
  /** Returns the guards of m2m-guard, and with `scopes` also those of the route. */
  readonly own: (adapter: unknown, verifier: unknown, policy: object, scopes?: string) => Guards
  /** The guards of other packages, by their names joined with ` + `. */
  readonly peers: Readonly<Record<string, (issuance: Issuance, options: PeerOptions) => Guards>>
}

export const frameworks: Readonly<Record<string, Framework>>
export function awsGuards(issuance: Issuance & { readonly ca: string }, options: PeerOptions): Guards
