import type { IncomingMessage, ServerResponse } from 'node:http'
import { readOptions } from '../../options/read-options.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, optional, type Result, type TableOf } from '../../options/reader.js'
import { unchecked } from '../../options/readers.js'
import { ENDPOINTS, type Endpoint } from './endpoints.js'

/**
 * A way to fail, by name:
 * `reset` and `refuse` end the connection without a response; `hang` never answers; `hangHalfway` sends the
 * headers and half the body, then nothing; `empty` is a 200 without a body; `html` a 200 with a login page;
 * `truncated` half of the right body, sent as if whole; `redirect` a 307 to the same endpoint, where the
 * right response waits for whoever follows.
 */
export type NamedFault = (typeof NAMED_FAULTS)[number]

const NAMED_FAULTS = [
  'reset',
  'refuse',
  'hang',
  'hangHalfway',
  'empty',
  'html',
  'truncated',
  'redirect',
] as const

/** A fault in detail. What is left out stays as in the right response. */
export interface DetailedFault {
  /** A fault by name, for use with `times` and `delay`. Excludes `status`, `headers` and `body`. */
  readonly how?: NamedFault
  /** The status. From 400 on, the body becomes an error body unless `body` is given. */
  readonly status?: number
  /** Headers added to those of the response, in place of any of the same name: `{ 'retry-after': '5' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The body; anything but a text is sent as JSON. */
  readonly body?: unknown
  /** How long the response is held back, in milliseconds. Default 0. */
  readonly delay?: number
  /** How many calls fail before the endpoint is well again. Default: all, until `heal()`. */
  readonly times?: number
}

/** A {@link DetailedFault} may be deliberately wrong: a test may need an answer that no server should give. */
const FAULT_OPTIONS = {
  how: optional(
    custom<NamedFault>('name of a fault', (option, value) => {
      const found = NAMED_FAULTS.find((name) => name === value)
      if (found !== undefined) return found
      throw new ConfigurationError(
        option,
        `no fault is named ${String(value)}; there are ${NAMED_FAULTS.join(', ')}`,
      )
    }),
  ),
  status: unchecked<number>('integer'),
  headers: unchecked<Readonly<Record<string, string>>>('object of strings'),
  body: unchecked<unknown>('string or JSON'),
  delay: unchecked<number>('milliseconds'),
  times: unchecked<number>('integer'),
} satisfies TableOf<DetailedFault>

/** A {@link DetailedFault} whose names are checked. */
export type FaultSettings = Result<typeof FAULT_OPTIONS>

/** A liar: answers a call itself, in whatever way. */
export type FaultHandler = (request: IncomingMessage, response: ServerResponse) => void

/** How an endpoint fails: a status, a {@link NamedFault}, a {@link DetailedFault}, or a {@link FaultHandler}. */
export type Fault = number | NamedFault | DetailedFault | FaultHandler

/** Holds the calls of an endpoint until they are let go, so that a test needs no sleeping. */
export interface Gate {
  /** Resolves once a call has arrived and is being held. */
  readonly waiting: Promise<void>
  /** Lets go what is held and everything that comes after. */
  readonly release: () => void
}

interface OpenGate {
  readonly endpoint: Endpoint
  readonly arrived: () => void
  readonly released: Promise<void>
}

/** Which endpoints fail or are held, and how. */
export class FaultInjector {
  readonly #faults = new Map<
    Endpoint | 'all',
    { readonly fault: FaultHandler | FaultSettings; left: number }
  >()
  readonly #gates = new Set<OpenGate>()

  set(endpoint: Endpoint | 'all', how: Fault): void {
    assertEndpoint('fail', endpoint)
    const fault = parseFault(how)
    const times = typeof fault === 'function' ? undefined : fault.times
    this.#faults.set(endpoint, { fault, left: times ?? Number.POSITIVE_INFINITY })
  }

  heal(endpoint: Endpoint | 'all'): void {
    assertEndpoint('heal', endpoint)
    if (endpoint === 'all') this.#faults.clear()
    else this.#faults.delete(endpoint)
  }

  /** The fault that the next call meets, which uses it up by one. An endpoint's own goes before that of all. */
  consume(endpoint: Endpoint): FaultHandler | FaultSettings | undefined {
    const key = this.#faults.has(endpoint) ? endpoint : 'all'
    const entry = this.#faults.get(key)
    if (entry === undefined) return undefined
    entry.left -= 1
    if (entry.left <= 0) this.#faults.delete(key)
    return entry.fault
  }

  gate(endpoint: Endpoint): Gate {
    assertEndpoint('gate', endpoint)
    const arrival = signal()
    const opening = signal()
    const gate: OpenGate = { endpoint, arrived: arrival.raise, released: opening.raised }
    this.#gates.add(gate)
    return {
      waiting: arrival.raised,
      release: () => {
        this.#gates.delete(gate)
        opening.raise()
      },
    }
  }

  /** Waits at every gate of an endpoint. */
  async waitAtGates(endpoint: Endpoint): Promise<void> {
    const gates = [...this.#gates].filter((gate) => gate.endpoint === endpoint)
    for (const gate of gates) gate.arrived()
    await Promise.all(gates.map((gate) => gate.released))
  }
}

/** Node 20 has no Promise.withResolvers. */
function signal(): { readonly raised: Promise<void>; readonly raise: () => void } {
  let raise = (): void => undefined
  const raised = new Promise<void>((resolve) => {
    raise = resolve
  })
  return { raised, raise }
}

function parseFault(how: Fault): FaultHandler | FaultSettings {
  if (typeof how === 'function') return how
  const detailed = typeof how === 'number' ? { status: how } : typeof how === 'string' ? { how } : how
  return readOptions('fail', detailed, FAULT_OPTIONS)
}

/** A misspelt endpoint would leave the right one well, and a test green that shows nothing. */
function assertEndpoint(method: string, endpoint: Endpoint | 'all'): void {
  const isKnown = ENDPOINTS.some((name) => name === endpoint) || (endpoint === 'all' && method !== 'gate')
  if (!isKnown)
    throw new TypeError(`${method}: no endpoint is named ${endpoint}; there are ${ENDPOINTS.join(', ')}`)
}
