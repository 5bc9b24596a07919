import { instrument, type InstrumentOptions } from '../../../adapters/opentelemetry.js'
import { testBed, type TestBed } from '../../support/test-bed.js'
import { startSdk } from './sdk.js'

export async function instrumented(options: InstrumentOptions = {}, start: () => Promise<TestBed> = testBed) {
  const sdk = startSdk()
  const bed = await start()
  const stop = instrument(bed.verifier, { meter: sdk.meter, tracer: sdk.tracer, ...options })
  return { ...bed, ...sdk, stop }
}
