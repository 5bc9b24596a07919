import { apart, shared, type Fleet } from '../fleet/model.js'
import { simulate } from '../fleet/simulate.js'
import type { Effort, Report, Table } from '../support/report.js'

const LIFETIME_S = 30
/** A fleet for the large table: what it serves does not grow with it. */
const TOKENS = 1000
const REQUESTS_PER_SECOND = 20_000
/** A smaller one that can be driven for real. */
const FEW_TOKENS = 100
const FEW_REQUESTS_PER_SECOND = 200

/** Keys are refreshed at four fifths of ten minutes. */
const KEY_REFRESH_S = 480

interface Validated {
  readonly instances: number
  readonly measured: number
  readonly modelled: number
  readonly measuredShared: number
  readonly modelledShared: number
}

/** The calls that an issuer sees of a fleet. */
export async function fleet({ quick }: Effort): Promise<Report> {
  const validated: Validated[] = []
  for (const instances of quick ? [1, 8] : [1, 2, 4, 8, 16, 32, 64]) {
    const small = {
      instances,
      tokens: FEW_TOKENS,
      requestsPerSecond: FEW_REQUESTS_PER_SECOND,
      lifetime: LIFETIME_S,
    }
    const seconds = quick ? 180 : 1800
    validated.push({
      instances,
      measured: await simulate(small, seconds, false),
      modelled: apart(small),
      measuredShared: await simulate(small, seconds, true),
      modelledShared: shared(small),
    })
  }
  return {
    path: 'fleet',
    title: 'What an issuer sees of a fleet',
    tables: [validationTable(validated), largeTable()],
    goals: [],
    notes: [
      `Assumptions: opaque tokens, answers remembered for ${LIFETIME_S} s, refreshed ahead as the library does; requests come at random (Poisson), every token as often as any other, spread evenly over the instances; instances do not restart and the issuer answers at once. The traffic stays the same while the fleet grows, so with many instances a token comes to each of them less often than its answer lasts, and each request is a call: it is the worst case of a fleet without sticky routing.`,
      `The fleets of the first table are real verifiers (createVerifier with a clock and a fetch of the bench's own) in simulated time; the model is judged by them, and only the model can reach the fleets of the second table. A shared answer store is not part of the library: it is simulated as a fetch that all instances share and that keeps answers for ${LIFETIME_S} s. An instance then remembers what the store gave it for a lifetime of its own, so that a revocation may go unnoticed for up to twice the lifetime here.`,
      `JWTs checked with keys take no call per token: an instance fetches the keys about every ${KEY_REFRESH_S} s, which is in the last column.`,
    ],
  }
}

function validationTable(validated: readonly Validated[]): Table {
  const off = (measured: number, modelled: number): number => (modelled / measured - 1) * 100
  return {
    id: 'validation',
    title: `The model beside real verifiers: ${FEW_TOKENS} tokens, ${FEW_REQUESTS_PER_SECOND} requests a second`,
    columns: [
      { key: 'instances', label: 'instances' },
      { key: 'measured', label: 'calls/s, measured', digits: 2 },
      { key: 'modelled', label: 'modelled', digits: 2 },
      { key: 'off', label: 'model off by %', digits: 1 },
      { key: 'measuredShared', label: 'with a shared store, measured', digits: 2 },
      { key: 'modelledShared', label: 'modelled', digits: 2 },
      { key: 'offShared', label: 'model off by %', digits: 1 },
    ],
    rows: validated.map((row) => ({
      ...row,
      off: off(row.measured, row.modelled),
      offShared: off(row.measuredShared, row.modelledShared),
    })),
  }
}

function largeTable(): Table {
  return {
    id: 'fleet',
    title: `Modelled: ${TOKENS.toLocaleString('en-US')} tokens, ${REQUESTS_PER_SECOND.toLocaleString('en-US')} requests a second`,
    columns: [
      { key: 'instances', label: 'instances' },
      { key: 'apart', label: 'calls/s', digits: 1 },
      { key: 'share', label: 'of the requests %', digits: 2 },
      { key: 'shared', label: 'calls/s with a shared store', digits: 1 },
      { key: 'keys', label: 'key fetches/s (JWTs)', digits: 3 },
    ],
    rows: [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000].map((instances) => {
      const large: Fleet = {
        instances,
        tokens: TOKENS,
        requestsPerSecond: REQUESTS_PER_SECOND,
        lifetime: LIFETIME_S,
      }
      return {
        instances,
        apart: apart(large),
        share: (apart(large) / REQUESTS_PER_SECOND) * 100,
        shared: shared(large),
        keys: instances / KEY_REFRESH_S,
      }
    }),
  }
}
