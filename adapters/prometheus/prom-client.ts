/** The classes of prom-client that `collect` uses. The module of prom-client 15 is assignable. */
export interface PromClient {
  /** Class of histograms. */
  readonly Histogram: PromClass<PromHistogram>
  /** Class of counters. */
  readonly Counter: PromClass<PromCounter>
  /** Class of gauges. */
  readonly Gauge: PromClass<PromGauge>
  /** Default registry. */
  readonly register: PromRegistry
}

/** Class of prom-client, which creates a metric and registers it. */
export type PromClass<M> = new (configuration: never) => M

/** Registry of prom-client. */
export interface PromRegistry {
  /** Returns a metric by its name, or `undefined`. */
  readonly getSingleMetric: (name: string) => unknown
  /** Removes a metric by its name. */
  readonly removeSingleMetric: (name: string) => void
}

/** Histogram of prom-client. */
export interface PromHistogram {
  /** Records a value. */
  readonly observe: (labels: Record<string, string>, value: number) => void
}

/** Counter of prom-client. */
export interface PromCounter {
  /** Increases the counter. */
  readonly inc: (labels: Record<string, string>, value?: number) => void
}

/** Gauge of prom-client. */
export interface PromGauge {
  /** Removes all values. */
  readonly reset: () => void
  /** Sets the gauge. */
  readonly set: (labels: Record<string, string>, value: number) => void
}
