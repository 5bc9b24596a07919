/** Metrics and spans of a verifier, and metrics of token sources, for OpenTelemetry. @module m2m-guard/opentelemetry */
import {
  context,
  metrics,
  SpanKind,
  SpanStatusCode,
  trace,
  type BatchObservableCallback,
  type Meter,
  type Observable,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { TokenSource } from '../src/client/source.js'
import type { MetricAttributes } from '../src/metrics/attributes.js'
import { ATTRIBUTES, INSTRUMENTS, SPAN_ATTRIBUTES } from '../src/metrics/instruments.js'
import { attributesFor } from '../src/metrics/observable.js'
import { INSTRUMENT_OPTIONS } from '../src/metrics/options.js'
import { isTokenSource } from '../src/metrics/token-readings.js'
import {
  readBreakers,
  readCache,
  readKeyAges,
  readRevocationAge,
  readRevocationSize,
  type Reading,
} from '../src/metrics/readings.js'
import type { DecisionEvent } from '../src/model/decision.js'
import type { IssuerCallObserver, IssuerCallResult } from '../src/model/issuer/issuer-calls.js'
import { readOptions } from '../src/options/read-options.js'
import type { TableOf } from '../src/options/reader.js'
import { safeLine } from '../src/util/quote.js'
import type { Verifier } from '../src/verifier/verifier.js'
import { createHistogram, SCOPE } from './opentelemetry/histogram.js'
import { instrumentSource, type InstrumentSourceOptions } from './opentelemetry/source.js'

export type { InstrumentSourceOptions } from './opentelemetry/source.js'

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /**
   * Meter that creates the metrics.
   *
   * @defaultValue `metrics.getMeter('m2m-guard')`
   */
  readonly meter?: Meter
  /**
   * Tracer that creates the spans of calls to issuers.
   *
   * @defaultValue `trace.getTracer('m2m-guard')`
   */
  readonly tracer?: Tracer
  /**
   * Where client ids appear: `'span'` on the active span, `'metric-allowlist'` also on metrics for the clients in the
   * option `clients`, `false` nowhere.
   *
   * @defaultValue `'span'`
   */
  readonly clientId?: 'span' | 'metric-allowlist' | false
  /**
   * Client ids that metrics may have, at least one; others appear as `_OTHER`. Each multiplies the number of time series.
   * Required for `clientId: 'metric-allowlist'`, and not allowed without it.
   *
   * @defaultValue none
   */
  readonly clients?: readonly string[]
}

/**
 * Records the decisions of a verifier and its calls to issuers with OpenTelemetry, until the returned function is called.
 *
 * Metrics: `m2m_guard.decision.duration`, `m2m_guard.remote.duration`, `m2m_guard.keys.fetch`, `m2m_guard.keys.age`,
 * `m2m_guard.remote.breaker`, `m2m_guard.cache.size` and `m2m_guard.cache.memory`. The active span of a request gets
 * attributes. A span is created for a call to an issuer only. A refusal does not mark a span as an error; a request that
 * could not be decided (503) does.
 *
 * Call it after the SDK has started, because a meter that is created earlier records nothing. Create one per verifier.
 *
 * @returns a function that ends the recording. It may be called repeatedly.
 * @throws ConfigurationError for an invalid option, or if `verifier` is not a verifier.
 *
 * @example
 * ```ts
 * const stop = instrument(verifier)
 * server.close(stop)
 * ```
 */
export function instrument(verifier: Verifier, options?: InstrumentOptions): () => void
/**
 * Records the token requests of a token source with OpenTelemetry, until the returned function is called.
 *
 * Metrics: `m2m_guard.token.request.duration`, `m2m_guard.token.refusal`, `m2m_guard.token.expiry`, `m2m_guard.token.age`,
 * `m2m_guard.token.health` and `m2m_guard.token.count`. Give each source of a process another `name`.
 *
 * @returns a function that ends the recording. It may be called repeatedly.
 * @throws ConfigurationError for an invalid option.
 */
export function instrument(source: TokenSource, options?: InstrumentSourceOptions): () => void
export function instrument(
  target: Verifier | TokenSource,
  options: InstrumentOptions & InstrumentSourceOptions = {},
): () => void {
  return isTokenSource(target) ? instrumentSource(target, options) : instrumentVerifier(target, options)
}

function instrumentVerifier(verifier: Verifier, options: InstrumentOptions): () => void {
  const settings = readOptions('instrument', options, INSTRUMENT_OPTIONS satisfies TableOf<InstrumentOptions>)
  const attributes = attributesFor('instrument', verifier, settings.clients)
  const meter = (settings.meter as Meter | undefined) ?? metrics.getMeter(SCOPE)
  const tracer = (settings.tracer as Tracer | undefined) ?? trace.getTracer(SCOPE)
  const duration = createHistogram(meter, INSTRUMENTS.decisionDuration)
  const stopObserving = verifier.observe({
    onDecision: (event) => {
      duration.record(event.durationMs / 1000, attributes.ofDecision(event))
      describeDecision(trace.getActiveSpan(), event, settings.clientId !== false)
    },
    onIssuerCall: watchCalls(meter, tracer, attributes),
  })
  const stopReading = readHealth(meter, verifier)
  return () => {
    stopObserving()
    stopReading()
  }
}

/** Maximum characters of a client id on a span. */
const LONGEST_CLIENT_ID = 100

/** Describes a decision on the span of its request. */
function describeDecision(span: Span | undefined, event: DecisionEvent, hasClientId: boolean): void {
  if (span?.isRecording() !== true) return
  const { outcome, reason, clientId, fingerprint, mode } = event
  span.setAttribute(ATTRIBUTES.outcome, outcome)
  if (reason !== undefined) span.setAttribute(SPAN_ATTRIBUTES.reason, reason)
  // A client id comes from a token, and exporters and consoles print attributes as they are.
  if (hasClientId && clientId !== undefined)
    span.setAttribute(ATTRIBUTES.clientId, safeLine(clientId, LONGEST_CLIENT_ID))
  if (fingerprint !== undefined) span.setAttribute(SPAN_ATTRIBUTES.fingerprint, fingerprint)
  // In report mode the request passes.
  if (outcome === 'undecidable' && mode === 'enforce')
    span.setStatus({ code: SpanStatusCode.ERROR, ...(reason === undefined ? {} : { message: reason }) })
}

/** Creates a span for each call to an issuer, in whose context the request is sent, and measures the call. */
function watchCalls(meter: Meter, tracer: Tracer, attributes: MetricAttributes): IssuerCallObserver {
  const remoteDuration = createHistogram(meter, INSTRUMENTS.remoteDuration)
  const { name, unit, description } = INSTRUMENTS.keysFetch
  const keysFetch = meter.createCounter(name, { unit, description })
  return (call) => {
    const spanAttributes = attributes.ofCall(call)
    const span = tracer.startSpan(`m2m_guard.${call.kind}`, {
      kind: SpanKind.INTERNAL,
      attributes: spanAttributes,
    })
    const spanContext = trace.setSpan(context.active(), span)
    return {
      run: (start) => {
        context.with(spanContext, start)
      },
      end: (result) => {
        const measured = attributes.ofCall(call, result)
        if (call.kind === 'keys') keysFetch.add(1, measured)
        else if (call.kind !== 'discovery') remoteDuration.record(result.durationMs / 1000, measured)
        endSpan(span, result)
      },
    }
  }
}

function endSpan(span: Span, { reason }: IssuerCallResult): void {
  if (reason !== undefined) {
    span.setAttribute(ATTRIBUTES.errorType, reason)
    span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
  }
  span.end()
}

/** Reads the health of the verifier whenever metrics are collected. Returns a function that ends it. */
function readHealth(meter: Meter, verifier: Verifier): () => void {
  const { keysAge, remoteBreaker, cacheSize, cacheMemory, revocationAge, revocationSize } = INSTRUMENTS
  const ages = meter.createObservableGauge(keysAge.name, keysAge)
  const breakers = meter.createObservableGauge(remoteBreaker.name, remoteBreaker)
  const tokens = meter.createObservableUpDownCounter(cacheSize.name, cacheSize)
  const bytes = meter.createObservableUpDownCounter(cacheMemory.name, cacheMemory)
  const revocationAges = meter.createObservableGauge(revocationAge.name, revocationAge)
  const entries = meter.createObservableUpDownCounter(revocationSize.name, revocationSize)
  const observables = [ages, breakers, tokens, bytes, revocationAges, entries]
  const read: BatchObservableCallback = (result) => {
    const health = verifier.health()
    const observeAll = (observable: Observable, readings: readonly Reading[]): void => {
      for (const { value, attributes } of readings) result.observe(observable, value, attributes)
    }
    observeAll(ages, readKeyAges(health))
    observeAll(breakers, readBreakers(health))
    observeAll(tokens, readCache(health, 'tokens'))
    observeAll(bytes, readCache(health, 'bytes'))
    observeAll(revocationAges, readRevocationAge(health))
    observeAll(entries, readRevocationSize(health))
  }
  meter.addBatchObservableCallback(read, observables)
  return () => {
    meter.removeBatchObservableCallback(read, observables)
  }
}
