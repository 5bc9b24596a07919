import { expect, it } from 'vitest'
import { violationsIn, type Line } from '../../support/redis/processes/decision-log.js'

const response = (status: number, at: number, asOf: number, until = asOf): Line => ({
  token: 'a',
  status,
  at,
  asOf,
  until,
})
const mark: Line = { acknowledged: 'a', at: 100 }

it.each<[string, readonly Line[], RegExp]>([
  ['an acceptance after a reading', [mark, response(200, 102, 101)], /has the revocation/],
  ['an acceptance after a refusal', [response(401, 90, 89), response(200, 91, 89)], /after it was refused/],
  ['an acceptance without a reading', [response(200, 131, 100)], /has not read/],
  ['a 503 in spite of a reading', [response(503, 102, 101)], /undecidable/],
  ['another status', [response(500, 102, 101)], /neither/],
])('the checker finds %s', (_, log, violation) => {
  expect(violationsIn(log, new Set('a'))).toMatchObject([expect.stringMatching(violation)])
})

it('the checker finds a refusal of a token that was not revoked', () => {
  expect(violationsIn([response(401, 90, 89)], new Set())).toMatchObject(
    [/not revoked by anyone/].map((text) => expect.stringMatching(text) as string),
  )
})

it('the checker finds nothing in what is promised', () => {
  const log: readonly Line[] = [
    response(200, 90, 89),
    mark,
    // Not read since, and then too long ago.
    response(200, 101, 99),
    response(503, 131, 99),
    response(401, 132, 131.5),
    { lost: true },
    response(401, 140, 139),
  ]
  expect(violationsIn(log, new Set('a'))).toEqual([])
})
