import { channel } from 'node:diagnostics_channel'
import type { DecisionEvent } from '../model/decision.js'
import type { IssuerEvent } from '../model/issuer/issuer-events.js'
import type { RevocationEvent } from '../model/revocation.js'
import type { TokenSourceEvent } from '../model/token-source-event.js'

/**
 * Names of the channels of `node:diagnostics_channel` on which every verifier and token source of the process publishes its events. The
 * messages are frozen and shared by all subscribers. They are created only while a channel has subscribers.
 *
 * For authors of monitoring agents: if a subscriber throws, Node rethrows the error as an uncaught exception. Applications
 * use `onDecision`, `onIssuerEvent`, `onEvent` or `observe()`, whose errors are ignored.
 */
export const CHANNELS = Object.freeze({
  /** A {@link DecisionEvent} per decision. */
  decision: 'm2m-guard:decision',
  /** An {@link IssuerEvent} per change at an issuer. */
  issuer: 'm2m-guard:issuer',
  /** A {@link RevocationEvent} per event about revocations. */
  revocation: 'm2m-guard:revocation',
  /** A {@link TokenSourceEvent} per event of a token source. */
  token: 'm2m-guard:token',
} as const)

/** Messages by the name of their channel: see {@link CHANNELS}. */
export interface ChannelMessages {
  /** Messages of `CHANNELS.decision`. */
  'm2m-guard:decision': DecisionEvent
  /** Messages of `CHANNELS.issuer`. */
  'm2m-guard:issuer': IssuerEvent
  /** Messages of `CHANNELS.revocation`. */
  'm2m-guard:revocation': RevocationEvent
  /** Messages of `CHANNELS.token`. */
  'm2m-guard:token': TokenSourceEvent
}

/** A channel that a verifier publishes on. */
export interface EventChannel<E> {
  readonly hasSubscribers: boolean
  publish(message: E): void
}

// Held here, because Node drops a channel without subscribers that nothing refers to.
export const decisionChannel: EventChannel<DecisionEvent> = channel(CHANNELS.decision)
export const issuerChannel: EventChannel<IssuerEvent> = channel(CHANNELS.issuer)
export const revocationChannel: EventChannel<RevocationEvent> = channel(CHANNELS.revocation)
export const tokenChannel: EventChannel<TokenSourceEvent> = channel(CHANNELS.token)
