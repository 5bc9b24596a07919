// The test command: every check there is, one after the other, and one line at the end that counts them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What counts as one check each. The build comes before the tests that run the built package. */
const CHECKS = [
  { name: 'types', command: 'tsc --noEmit' },
  { name: 'lint', command: 'eslint .' },
  { name: 'format', command: 'prettier --check --log-level warn .' },
  { name: 'dependency rule', command: 'depcruise src adapters --config .dependency-cruiser.cjs' },
  { name: 'unused code', command: 'knip' },
  { name: 'build', command: 'npm run --silent build' },
]

const total = { passed: 0, failed: 0 }

function run(command) {
  const started = performance.now()
  const { status } = spawnSync(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'] })
  return { isGood: status === 0, seconds: ((performance.now() - started) / 1000).toFixed(1) }
}

for (const { name, command } of CHECKS) {
  const { isGood, seconds } = run(command)
  console.log(`${isGood ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`)
  total[isGood ? 'passed' : 'failed'] += 1
}

const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-test-'))
const report = join(folder, 'vitest.json')
const { isGood } = run(`vitest run --reporter=default --reporter=json --outputFile.json="${report}"`)
try {
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that could not even be loaded has no tests to count.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  total.passed += numPassedTests
  // Whatever was not run has not passed: skipped tests count as failed.
  total.failed += numTotalTests - numPassedTests + broken.length
  if (numTotalTests === 0) total.failed += 1
} catch (error) {
  console.error(`vitest left no readable report: ${error.message}`)
  total.failed += 1
}
rmSync(folder, { recursive: true, force: true })
// Unhandled rejections and the like fail a run in which every test has passed.
if (!isGood && total.failed === 0) total.failed += 1

console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
