import type { DecisionEvent } from '../model/decision.js'
import type { IssuerCall, IssuerCallObserver, IssuerCallWatch } from '../model/issuer/issuer-calls.js'
import type { IssuerEvent } from '../model/issuer/issuer-events.js'
import type { Observer } from '../model/observer.js'
import { decisionChannel, issuerChannel } from './channels.js'
import { deliver } from './deliver.js'
import { observe } from './observe.js'
import { ObserverList } from './observer-list.js'

/** The functions of an {@link Observer} after its options were read: an absent one is `undefined`. */
type ObserverFunctions = { readonly [Name in keyof Required<Observer>]: Observer[Name] | undefined }

/** Delivers the events of one verifier to its observers and to the channels of the process. */
export class Observers {
  readonly #decisions = new ObserverList<DecisionEvent>()
  readonly #issuerEvents = new ObserverList<IssuerEvent>()
  #callObservers: readonly IssuerCallObserver[] = []

  /** Whether an event is delivered for a decision. */
  get areDecisionsObserved(): boolean {
    return !this.#decisions.isEmpty || decisionChannel.hasSubscribers
  }

  /** Whether an observer of changes at issuers was added. */
  get areIssuersObserved(): boolean {
    return !this.#issuerEvents.isEmpty
  }

  /** Adds an observer. Returns a function that removes it. */
  add({ onDecision, onIssuerEvent, onIssuerCall }: ObserverFunctions): () => void {
    const removals = [
      ...(onDecision === undefined ? [] : [this.#decisions.add(onDecision)]),
      ...(onIssuerEvent === undefined ? [] : [this.#issuerEvents.add(onIssuerEvent)]),
      ...(onIssuerCall === undefined ? [] : [this.#addCallObserver(onIssuerCall)]),
    ]
    return () => {
      for (const remove of removals) remove()
    }
  }

  reportDecision(createEvent: () => DecisionEvent): void {
    deliver(createEvent, this.#decisions, decisionChannel)
  }

  reportIssuerEvent(createEvent: () => IssuerEvent): void {
    deliver(createEvent, this.#issuerEvents, issuerChannel)
  }

  /** Announces a call to the observers, and returns what they do during it. */
  announceCall(createCall: () => IssuerCall): readonly IssuerCallWatch[] {
    if (this.#callObservers.length === 0) return NO_WATCHES
    const call = Object.freeze(createCall())
    return this.#callObservers.flatMap((observer) => {
      let watch: IssuerCallWatch | undefined
      observe(
        (announced) => (watch = observer(announced)),
        () => call,
      )
      // An async function returns a promise, although its type does not allow it.
      return watch === undefined || (watch as unknown) instanceof Promise ? [] : watch
    })
  }

  #addCallObserver(observer: IssuerCallObserver): () => void {
    // A function of its own, so that an observer that was added twice can be removed once.
    const added: IssuerCallObserver = (call) => observer(call)
    this.#callObservers = [...this.#callObservers, added]
    return () => {
      this.#callObservers = this.#callObservers.filter((other) => other !== added)
    }
  }
}

const NO_WATCHES: readonly IssuerCallWatch[] = []
