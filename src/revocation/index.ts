/** Receivers of revocations from other systems: security events, Keycloak and webhooks. @module m2m-guard/revocation */
export type { FeedHandler } from './feeds/exchange.js'
export { keycloakPush, type KeycloakPushOptions } from './feeds/keycloak-push.js'
export type { ReceivedTarget, Revoker } from './feeds/receiver-options.js'
export type { SecurityEvent } from './feeds/set-events.js'
export { setReceiver, type SetReceiverOptions } from './feeds/set-receiver.js'
export {
  webhookReceiver,
  type WebhookMessage,
  type WebhookReceiverOptions,
} from './feeds/webhook-receiver.js'
