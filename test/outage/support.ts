import type { Fault } from '../../src/testing/index.js'
import {
  brokenGzip,
  deepJson,
  drip,
  dripHeaders,
  Flood,
  gzipBomb,
  hang,
  hangAfterHeaders,
  hangHalfway,
  htmlPage,
  says,
  utf16,
} from '../support/servers/misbehaviours.js'
import type { Answer } from '../support/outcomes.js'
import { LONG_LIVED, testBed, type TestBed, type TestBedOptions } from '../support/test-bed.js'
import { until, watchedFetch } from '../support/until.js'

export { until, watchedFetch }

/** A test bed whose tokens do not expire during any test. */
export function outageBed(options: TestBedOptions = {}): Promise<TestBed> {
  return testBed({ mint: LONG_LIVED, ...options })
}

/** Response to an undecidable request: Retry-After and no challenge, because the token may be valid. */
export function undecidable(reason: string, retryAfter: unknown): Record<keyof Answer, unknown> {
  return { status: 503, reason, retryAfter, challenge: undefined }
}

/** A JWT with a forged key id. */
export function madeUp({ jwt }: TestBed, kid: string = crypto.randomUUID()): string {
  return jwt({ header: { kid } })
}

/** Creates a fault from the valid response that it replaces. */
type Misbehaviour = (good: string) => Fault

/** Faults for every request, with their number for a document and for an introspection. */
const MISBEHAVIOURS: readonly (readonly [
  document: string,
  question: string,
  name: string,
  make: Misbehaviour,
])[] = [
  ['F1', 'F29', 'a reset connection', () => 'reset'],
  ['F7', 'F29', 'no response', () => hang],
  ['F7', 'F29', 'headers and no body', () => hangAfterHeaders],
  ['F7', 'F29', 'half a body', (good) => hangHalfway(good)],
  ['F8', 'F29', 'a body byte by byte', (good) => drip(good)],
  ['F8', 'F29', 'headers without end', () => dripHeaders],
  ['F8', 'F40', 'endless white space', () => new Flood(' ').handler],
  ['F10', 'F40', 'a gzip bomb', () => gzipBomb()],
  ['F10', 'F34', 'broken gzip', () => brokenGzip],
  ['F11', 'F33', 'a redirect to the same host', () => 'redirect'],
  ['F14', 'F34', 'a login page', () => htmlPage],
  ['F16', 'F34', 'half a response', () => 'truncated'],
  ['F16', 'F34', 'an empty body', () => 'empty'],
  ['F16', 'F34', 'null', () => says(200, 'null')],
  ['F16', 'F34', 'UTF-16', (good) => says(200, utf16(good))],
  ['F16', 'F34', 'deep nesting', () => says(200, deepJson())],
]

/** Faults in place of a document or of an introspection response, with number and name. */
export function misbehaviours(
  insteadOf: 'document' | 'question',
): readonly (readonly [name: string, make: Misbehaviour])[] {
  return MISBEHAVIOURS.map(([document, question, name, make]) => [
    `${insteadOf === 'document' ? document : question} ${name}`,
    make,
  ])
}
