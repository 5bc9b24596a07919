import { oauth } from '../../../src/index.js'
import { runWith, type Result, type RunOptions } from '../../support/cli.js'
import { testBed, type TestBed, type TestBedOptions } from '../../support/test-bed.js'

interface ExplainBed extends TestBed {
  /** Runs `explain -` with the verifier of the bed as config. */
  readonly explain: (
    token: string,
    args?: string | readonly string[],
    options?: RunOptions,
  ) => Promise<Result>
}

export async function explainBed(options: TestBedOptions = {}): Promise<ExplainBed> {
  const bed = await testBed({ issuers: (by) => [oauth(by.oauth({ introspection: undefined }))], ...options })
  return {
    ...bed,
    explain(token, args = [], more = {}) {
      const words = typeof args === 'string' ? args.split(' ') : args
      const config = { verifier: bed.verifier }
      return runWith(['explain', '-', '--config', './auth.mjs', ...words], { config, stdin: token, ...more })
    },
  }
}
