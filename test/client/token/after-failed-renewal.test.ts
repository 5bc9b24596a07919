import { expect, it } from 'vitest'
import { tokenSource } from '../../../src/client/index.js'
import { manualClock, type TestClock } from '../../support/clock.js'
import { manualIssuer, type ManualIssuer } from '../../support/servers/manual-issuer.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'

const API = 'https://orders.test'
const [DEADLINE, LIFETIME] = [3, 1000]

interface Bed {
  readonly clock: TestClock
  readonly issuer: ManualIssuer
  readonly source: ReturnType<typeof tokenSource>
}

/** A source with a token, whose issuer does not respond from now on, and an API that refuses the first request. */
async function bed(
  renewal: 'background' | 'blocking' = 'background',
): Promise<Bed & { readonly first: string }> {
  const clock = manualClock()
  const issuer = manualIssuer(clock.read, LIFETIME)
  let count = 0
  const source = tokenSource({
    tokenEndpoint: 'https://issuer.test/token',
    clientId: 'x',
    clientSecret: 'y',
    fetch: (input, init) => {
      if (!new Request(input).url.startsWith(API)) return issuer.fetch(input, init)
      count += 1
      return Promise.resolve(new Response(null, { status: count === 1 ? 401 : 200 }))
    },
    allowedOrigins: API,
    clock: clock.read,
    deadline: DEADLINE,
    renewal,
    onEvent: () => undefined,
  })
  const stop = issuer.answerAll('token')
  const first = await source.getToken()
  stop()
  return { clock, issuer, source, first }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await nextTurn()
}

async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false
  void work.then(() => (settled = true))
  await turns()
  return settled
}

/** Lets the attempt in flight exceed its deadline. */
async function hang({ clock, issuer }: Bed): Promise<void> {
  while (issuer.open.length > 0) {
    clock.pass(DEADLINE)
    passDeadlines(DEADLINE)
    await turns()
  }
}

/** One request that the API refuses, whose renewal fails because the issuer hangs. */
async function refusedOnce(current: Bed): Promise<{ readonly hasWaited: boolean }> {
  const sent = current.source.fetch(API)
  await turns()
  const other = current.source.getToken()
  const hasWaited = !(await isSettled(other))
  await hang(current)
  expect((await sent).status).toBe(401)
  await other
  return { hasWaited }
}

it('callers of a refused token wait for the first renewal only, however long the issuer hangs', async () => {
  const current = await bed()
  expect(await refusedOnce(current)).toEqual({ hasWaited: true })
  const { clock, issuer, source, first } = current
  let attempts = 0
  for (let second = 0; second < 300; second += 1) {
    const call = source.getToken()
    expect(await isSettled(call)).toBe(true)
    expect(await call).toBe(first)
    if (issuer.open.length > 0) attempts += 1
    await hang(current)
    clock.pass(1)
  }
  // Attempts go on in the background, so that a token comes once the issuer is back.
  expect(attempts).toBeGreaterThan(3)
  clock.pass(60)
  issuer.answerAll('token')
  await source.getToken()
  await turns()
  expect(await source.getToken()).not.toBe(first)
})

it('callers wait again after another refusal of a token that was replaced meanwhile', async () => {
  const current = await bed()
  await refusedOnce(current)
  const { clock, issuer, source, first } = current
  clock.pass(60)
  const stop = issuer.answerAll('token')
  await source.getToken()
  await turns()
  const second = await source.getToken()
  expect(second).not.toBe(first)
  stop()
  clock.pass(10)
  source.forget(second)
  const third = source.getToken()
  expect(await isSettled(third)).toBe(false)
  issuer.answerAll('token')
  expect(await third).not.toBe(second)
})

it('forget makes the next caller wait although a renewal failed before', async () => {
  const current = await bed()
  const { clock, issuer, source, first } = current
  const refreshed = source.refresh().catch((error: unknown) => error)
  await turns()
  await hang(current)
  await refreshed
  clock.pass(60)
  source.forget(first)
  issuer.answerAll('token')
  expect(await source.getToken()).not.toBe(first)
})

it('with blocking renewal each attempt is waited for, because the process may be stopped afterwards', async () => {
  const current = await bed('blocking')
  await refusedOnce(current)
  current.clock.pass(60)
  const call = current.source.getToken()
  expect(await isSettled(call)).toBe(false)
  await hang(current)
  expect(await call).toBe(current.first)
})
