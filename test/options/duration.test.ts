import { expect, it } from 'vitest'
import { exchange } from '../../src/http/exchange.js'
import { parseDuration } from '../../src/options/duration.js'
import { expireDeadlines } from '../support/setup/deadlines.js'

it.each([
  ['700ms', '0.7'],
  ['2300ms', '2.3'],
  ['1100ms', '1.1'],
  ['15m', '900'],
])('%s is %s seconds, as messages show it', (value, seconds) => {
  expect(String(parseDuration('deadline', value))).toBe(seconds)
})

it('the rest of a deadline is shown in milliseconds', async () => {
  const transport = { send: () => new Promise<never>(() => undefined), close: () => undefined }
  const request = { url: 'https://auth.test', method: 'GET', headers: {}, maxBytes: 1 } as const
  const sent = exchange({ ...request, transport, deadlineSeconds: 2.999_000_000_1 })
  expireDeadlines()
  await expect(sent).rejects.toThrow('no complete response within 2.999 s')
})
