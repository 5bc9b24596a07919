import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const flooded = fileURLToPath(new URL('./worst-claims-process.ts', import.meta.url))

const ROUNDS = 80

it('the costliest claims that senders can choose do not fill a small heap, and tokens in use stay cached', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=160',
    '--import',
    'tsx',
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
