import type { EventChannel } from './channels.js'
import type { ObserverList } from './observer-list.js'

/** Observers ignore errors of each other. An error of a subscriber is rethrown by Node as an uncaught exception. */
export function deliver<E>(createEvent: () => E, observers: ObserverList<E>, channel: EventChannel<E>): void {
  if (observers.isEmpty && !channel.hasSubscribers) return
  const event = createFrozen(createEvent)
  if (event === undefined) return
  observers.notify(event)
  if (channel.hasSubscribers) channel.publish(event)
}

/** An error while an event is created must not change the decision on a request. */
function createFrozen<E>(createEvent: () => E): E | undefined {
  try {
    return Object.freeze(createEvent())
  } catch {
    return undefined
  }
}
