import type { RemoteSettings } from '../model/issuer.js'
import { durationOr, type Duration } from '../options/duration.js'
import { ownOptions } from '../options/read-options.js'
import { wholeNumber } from '../options/readers.js'

/** The `remote` option of an issuer: how it is asked about tokens and how long its answers are remembered. */
export interface RemoteOptions {
  /** How long a yes is remembered: how long a revocation may go unnoticed. Never past the token's expiry. Default `'30s'`. */
  readonly lifetime?: Duration
  /** How long a definitive no is remembered. Default `'5s'`, at most `'60s'`. */
  readonly refusedLifetime?: Duration
  /** Bounds one question, from connection to last byte, a second attempt included. Default `'3s'`, at most `'60s'`. */
  readonly deadline?: Duration
  /** The largest answer read, in bytes after decompression. Default 65536. */
  readonly maxBytes?: number
  /** Further attempts after a network error or a 502, 503 or 504 without `Retry-After`, within the deadline. Default 1, at most 1. */
  readonly retries?: number
  /** Questions under way at the same time; beyond, `issuer_overloaded` at once. Default 64. */
  readonly maxInFlight?: number
  /** Failed questions in a row after which the issuer is left alone. Default 5. */
  readonly breakerAfter?: number
  /** How long it is left alone before a single question probes it. Default `'5s'`, at most `'60s'`. */
  readonly breakerPause?: Duration
}

/** The numbers of issuers that state none. */
export const REMOTE_DEFAULTS: RemoteSettings = readRemoteOptions('remote')

/** Reads the `remote` option. */
export function readRemoteOptions(option: string, given: RemoteOptions = {}): RemoteSettings {
  const own = ownOptions(option, given, {
    lifetime: true,
    refusedLifetime: true,
    deadline: true,
    maxBytes: true,
    retries: true,
    maxInFlight: true,
    breakerAfter: true,
    breakerPause: true,
  })
  return {
    lifetime: durationOr(`${option}.lifetime`, own.lifetime, 30, { max: 3600 }),
    refusedLifetime: durationOr(`${option}.refusedLifetime`, own.refusedLifetime, 5, { max: 60 }),
    deadline: durationOr(`${option}.deadline`, own.deadline, 3, { min: 0.01, max: 60 }),
    maxBytes: wholeNumber(`${option}.maxBytes`, own.maxBytes, 64 * 1024, {
      min: 1024,
      max: 16 * 1024 * 1024,
    }),
    retries: wholeNumber(`${option}.retries`, own.retries, 1, { min: 0, max: 1 }),
    maxInFlight: wholeNumber(`${option}.maxInFlight`, own.maxInFlight, 64, { min: 1, max: 10_000 }),
    breakerAfter: wholeNumber(`${option}.breakerAfter`, own.breakerAfter, 5, { min: 1, max: 1000 }),
    breakerPause: durationOr(`${option}.breakerPause`, own.breakerPause, 5, { min: 0.1, max: 60 }),
  }
}
