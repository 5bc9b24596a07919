import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runWith } from '../support/cli.js'
import { bundleProgram } from '../support/processes/bundle.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { readonly version: string }

describe('--version', () => {
  it.each(['--version', '--json --version'])(
    '%s prints the version of the package, and exits with 0',
    async (args) => {
      const result = await runWith(args.split(' '), {})
      expect(result).toEqual({ code: 0, stdout: `${version}\n`, stderr: '', asked: [] })
    },
  )

  it('works from any working directory', () => {
    const args = [bundleProgram(new URL('../../src/cli/main.ts', import.meta.url)), '--version']
    expect(execFileSync(process.execPath, args, { cwd: tmpdir(), encoding: 'utf8' })).toBe(`${version}\n`)
  })

  it.each(['tokens --version', 'tokens create --vendor clerk --version', '-- --version'])(
    '%s does not print the version of the package',
    async (args) => {
      const result = await runWith(args.split(' '), { env: { CLERK_MACHINE_SECRET_KEY: 'ak_1' } })
      expect(result).toMatchObject({ code: 2, stdout: '' })
    },
  )

  it('is listed in the help', async () => {
    expect((await runWith(['--help'], {})).stdout).toContain('m2m-guard --version\n')
  })
})
