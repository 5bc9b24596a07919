import { durationOr, type Duration } from '../duration.js'
import { ownOptions, wholeNumber } from '../configuration.js'

/** The numbers of asking an issuer, in seconds and bytes. */
export interface RemoteOptions {
  readonly lifetime: number
  readonly refusedLifetime: number
  readonly deadline: number
  readonly maxBytes: number
}

/** The `remote` option of an issuer: how it is asked about tokens and how long its answers are remembered. */
export interface RemoteAsking {
  /** How long a yes is remembered: how long a revocation may go unnoticed. Never past the token's expiry. Default `'30s'`. */
  readonly lifetime?: Duration
  /** How long a definitive no is remembered. Default `'5s'`, at most `'60s'`. */
  readonly refusedLifetime?: Duration
  /** Bounds one question, from connection to last byte. Default `'3s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** The largest answer read, in bytes after decompression. Default 65536. */
  readonly maxBytes?: number
}

/** Reads the `remote` option. */
export function readRemoteOptions(option: string, given: RemoteAsking = {}): RemoteOptions {
  const own = ownOptions(option, given, {
    lifetime: true,
    refusedLifetime: true,
    deadline: true,
    maxBytes: true,
  })
  return {
    lifetime: durationOr(`${option}.lifetime`, own.lifetime, 30, { max: 3600 }),
    refusedLifetime: durationOr(`${option}.refusedLifetime`, own.refusedLifetime, 5, { max: 60 }),
    deadline: durationOr(`${option}.deadline`, own.deadline, 3, { min: 0.01, max: 60 }),
    maxBytes: wholeNumber(`${option}.maxBytes`, own.maxBytes, 64 * 1024, {
      min: 1024,
      max: 16 * 1024 * 1024,
    }),
  }
}
