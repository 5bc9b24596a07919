import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'

const flooded = bundleProgram(new URL('./worst-claims-process.ts', import.meta.url))

const ROUNDS = 80

it('the costliest claims that senders can choose do not fill a small heap, and tokens in use stay cached', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=160',
    flooded,
    String(ROUNDS),
  ])
  expect(JSON.parse(stdout)).toEqual({
    accepted: ROUNDS * 7 * 4,
    refused: ROUNDS * 7 * 4,
    looks: 2,
    fromCache: 200,
    last: 100,
    members: 5000,
    isFrozen: true,
    isSame: true,
  })
})
