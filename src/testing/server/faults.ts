import type { IncomingMessage, ServerResponse } from 'node:http'
import { readOptions } from '../../options/read-options.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, optional, type Result, type TableOf } from '../../options/reader.js'
import { unchecked } from '../../options/readers.js'
import { ENDPOINTS, type Endpoint } from './endpoints.js'

/**
 * A named fault:
 * - `reset`, `refuse`: closes the connection without a response.
 * - `hang`: never responds.
 * - `hangHalfway`: sends the headers and half of the body, then nothing.
 * - `empty`: responds with 200 without a body.
 * - `html`: responds with 200 and a login page.
 * - `truncated`: sends half of the correct body as a complete response.
 * - `redirect`: responds with a 307 to the same endpoint, which then sends the correct response.
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

/** A fault in detail. Absent properties are those of the correct response. */
export interface DetailedFault {
  /** A named fault, to combine with `times` and `delay`. Excludes `status`, `headers` and `body`. */
  readonly how?: NamedFault
  /** Response status. From 400 on, the body becomes an error body unless `body` is set. */
  readonly status?: number
  /** Headers to add or replace, such as `{ 'retry-after': '5' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Response body. A value that is not a string is sent as JSON. */
  readonly body?: unknown
  /**
   * Delay of the response in milliseconds.
   *
   * @defaultValue `0`
   */
  readonly delay?: number
  /**
   * Number of calls that fail before the endpoint recovers.
   *
   * @defaultValue every call until `heal()`
   */
  readonly times?: number
}

/**
 * Values of a {@link DetailedFault} are not validated, because a test may need a response that no server should
 * send.
 */
const FAULT_OPTIONS = {
  how: optional(
    custom<NamedFault>('name of a fault', (option, value) => {
      const found = NAMED_FAULTS.find((name) => name === value)
      if (found !== undefined) return found
      throw new ConfigurationError(
        option,
        `unknown fault ${String(value)}. Use one of ${NAMED_FAULTS.join(', ')}`,
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

/** Handles a call instead of the endpoint, in any way. */
export type FaultHandler = (request: IncomingMessage, response: ServerResponse) => void

/** How an endpoint fails: a status, a {@link NamedFault}, a {@link DetailedFault}, or a {@link FaultHandler}. */
export type Fault = number | NamedFault | DetailedFault | FaultHandler

/** Holds the calls of an endpoint until they are released, so that a test does not need to sleep. */
export interface Gate {
  /** Resolves when a call has arrived and is held. */
  readonly waiting: Promise<void>
  /** Releases held calls and all later ones. */
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

  /**
   * Returns the fault of the next call and counts it. A fault of the endpoint takes precedence over that of
   * `'all'`.
   */
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

/** With a misspelt endpoint no fault would occur, and the test would pass without proving anything. */
function assertEndpoint(method: string, endpoint: Endpoint | 'all'): void {
  const isKnown = ENDPOINTS.some((name) => name === endpoint) || (endpoint === 'all' && method !== 'gate')
  if (!isKnown)
    throw new TypeError(`${method}: unknown endpoint ${endpoint}. Use one of ${ENDPOINTS.join(', ')}`)
}
