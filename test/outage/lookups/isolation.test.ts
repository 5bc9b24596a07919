import { expect, it, onTestFinished } from 'vitest'
import { runIsolated } from '../../support/lookups/isolated.js'
import { bundleProgram } from '../../support/processes/bundle.js'

const isolated = new URL('./isolated-process.ts', import.meta.url)

/** Runs the service with a separate name server, and returns its report. */
const runService = (variables?: Readonly<Record<string, string>>): Promise<unknown> =>
  runIsolated({ args: [bundleProgram(isolated)], atEnd: onTestFinished, ...(variables && { variables }) })

const UNAFFECTED = {
  keys: 20,
  introspection: 20,
  discovery: 20,
  client: 'done',
  management: 'done',
  hostsFile: 'done',
  shortName: 'done',
  // Its name server takes 0.7 s.
  slow: 'done',
  // Its name server never responds for AAAA.
  half: 'done',
  application: 'done',
}

it('A2 five hosts whose name server does not respond delay no other issuer and no lookup of the application', async () => {
  expect(await runService()).toEqual({
    ...UNAFFECTED,
    // All other lookups ended before this one, and while the requests for these hosts were still waiting.
    hangingLookups: { started: 1, ended: 0 },
    settled: 0,
  })
}, 300_000)

it('A2 with one slot in the thread pool, such hosts do not occupy it', async () => {
  expect(await runService({ UV_THREADPOOL_SIZE: '1' })).toMatchObject({
    ...UNAFFECTED,
    hangingLookups: { started: 0, ended: 0 },
  })
}, 300_000)
