import { context, trace, type Context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { onTestFinished } from 'vitest'

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly value: unknown
}

interface Metric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly points: readonly Point[]
}

/** The real SDK with exporters in memory, and what they have received. */
export function startSdk() {
  const contexts = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(contexts)
  const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  // Exports when a test asks for it.
  const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 86_400_000 })
  const meters = new MeterProvider({ readers: [reader] })
  const spans = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  onTestFinished(async () => {
    await meters.shutdown()
    await tracers.shutdown()
    context.disable()
    contexts.disable()
  })
  return {
    meter: meters.getMeter('test'),
    tracer: tracers.getTracer('test'),
    /** Runs a request in the context of a server span, as an instrumentation does. */
    request: async <T>(run: () => Promise<T>): Promise<T> => {
      const span = tracers.getTracer('server').startSpan('GET /orders')
      const inSpan: Context = trace.setSpan(context.active(), span)
      try {
        return await context.with(inSpan, run)
      } finally {
        span.end()
      }
    },
    spans: (): readonly ReadableSpan[] => spans.getFinishedSpans(),
    metrics: async (): Promise<ReadonlyMap<string, Metric>> => {
      exported.reset()
      await meters.forceFlush()
      const found = exported
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      return new Map(
        found.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          {
            name: descriptor.name,
            unit: descriptor.unit,
            description: descriptor.description,
            points: dataPoints.map(({ attributes, value }) => ({ attributes, value })),
          },
        ]),
      )
    },
  }
}
