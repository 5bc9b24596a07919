import { Session, type HeapProfiler, type Runtime } from 'node:inspector/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { CpuProfile, sumBy } from '../support/cpu-profile.js'
import { measureCalls } from '../support/measure.js'
import { markdownTable, table } from '../support/report.js'
import { startIssuer, times } from '../support/tokens.js'
import { findContender, prepareContender, type Cast } from '../verifiers/cast.js'

// Profiles the CPU time and the allocations of one verifier. Run by `npm run bench -- --profile known`.
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    contender: { type: 'string', default: '' },
    algorithm: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
  },
})
const cast = (positionals[0] ?? 'known') as Cast
const milliseconds = values.quick ? 300 : 3000
const TOP = 25

const issuer = await startIssuer(values.algorithm as SigningAlgorithm)
const tokens = times(cast === 'known' ? 1000 : 1200, issuer.mint)
const calleeOf = await prepareContender(findContender(cast, values.contender), issuer.issuance, tokens)
const perTurn = cast === 'known' ? 64 : 1
const run = () => measureCalls(calleeOf(tokens.length), { mode: 'sequential', milliseconds, perTurn })
await run()

const profile = new CpuProfile()
await profile.start()
const { cpuMicros, perSecond } = await run()
const selfTimes = sumBy(
  await profile.stop(),
  ({ frame }) => placeOf(frame),
  ({ micros }) => micros / 1000,
)
print(`Self time: ${cpuMicros.toFixed(2)} µs of CPU per call while profiled`, selfTimes, 'ms')

const session = new Session()
session.connect()
await session.post('HeapProfiler.enable')
await session.post('HeapProfiler.startSampling', {
  samplingInterval: 4096,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
const allocating = await run()
const { profile: heap } = await session.post('HeapProfiler.stopSampling')
const calls = (allocating.perSecond * milliseconds) / 1000
const allocated = sumBy(
  nodesOf(heap.head),
  ({ callFrame }) => placeOf(callFrame),
  ({ selfSize }) => selfSize / calls,
)
const bytes = [...allocated.values()].reduce((sum, amount) => sum + amount, 0)
print(
  `Allocation: about ${bytes.toFixed(0)} bytes per call, including the string of the request`,
  allocated,
  'bytes per call',
)
console.log(`${perSecond.toFixed(0)} calls per second while profiled`)
process.exit(0)

function placeOf({ functionName, url, lineNumber }: Runtime.CallFrame): string {
  return `${functionName === '' ? '(anonymous)' : functionName} ${basename(url)}${url === '' ? '' : `:${lineNumber + 1}`}`
}

type HeapNode = HeapProfiler.SamplingHeapProfileNode

function nodesOf(node: HeapNode): readonly HeapNode[] {
  return [node, ...node.children.flatMap(nodesOf)]
}

function print(title: string, shares: ReadonlyMap<string, number>, unit: string): void {
  const total = [...shares.values()].reduce((sum, amount) => sum + amount, 0)
  const top = [...shares].sort(([, a], [, b]) => b - a).slice(0, TOP)
  const rows = table(title, title, top, [
    ['name', 'function', ([name]) => name],
    ['amount', unit, ([, amount]) => amount, 1],
    ['share', '%', ([, amount]) => (amount / total) * 100, 1],
  ])
  console.log(`\n${title}\n\n${markdownTable(rows)}`)
}
