import { Session, type HeapProfiler, type Profiler, type Runtime } from 'node:inspector/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { markdownTable, type Table } from '../support/report.js'
import { startIssuer, times } from '../support/tokens.js'
import { findContender, type Cast } from '../verifiers/cast.js'
import { measureCalls } from '../verifiers/measure.js'
import { WARMING } from '../verifiers/own.js'

// Where the time and the memory of one way through a verifier go: run by `npm run bench -- --profile known`.
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    contender: { type: 'string', default: 'm2m-guard authorize' },
    algorithm: { type: 'string', default: 'RS256' },
    seconds: { type: 'string', default: '3' },
  },
})
const cast = (positionals[0] ?? 'known') as Cast
const milliseconds = Number(values.seconds) * 1000
const TOP = 25

interface Share {
  readonly name: string
  readonly amount: number
}

const issuer = await startIssuer(values.algorithm as SigningAlgorithm)
const texts = times(cast === 'known' ? 1000 : 1200, () => Buffer.from(`Bearer ${issuer.mint()}`, 'latin1'))
const contender = findContender(cast, values.contender)
const verify = await contender.make(issuer.issuance)
let next = 0
const headers = (text: Buffer | undefined) => ({ authorization: text?.toString('latin1') ?? '' })
const call = (): unknown => {
  next = (next + 1) % texts.length
  return verify(headers(texts[next]))
}
for (const text of texts) await verify(Object.assign(headers(text), { [WARMING]: true }))
const perTurn = cast === 'known' ? 64 : 1
const { awaited, isAccepted } = contender
const run = () => measureCalls({ call, awaited, isAccepted }, { mode: 'sequential', milliseconds, perTurn })
await run()

const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.setSamplingInterval', { interval: 200 })
await session.post('Profiler.start')
const { cpuMicros, perSecond } = await run()
const { profile } = await session.post('Profiler.stop')
print(`Self time: ${cpuMicros.toFixed(2)} µs of CPU a call while profiled`, selfTimes(profile), 'ms')

await session.post('HeapProfiler.enable')
await session.post('HeapProfiler.startSampling', {
  samplingInterval: 4096,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
})
const allocating = await run()
const { profile: heap } = await session.post('HeapProfiler.stopSampling')
const calls = (allocating.perSecond * milliseconds) / 1000
const allocated = allocations(heap).map(({ name, amount }) => ({ name, amount: amount / calls }))
const bytes = allocated.reduce((sum, { amount }) => sum + amount, 0)
print(
  `Allocation: about ${bytes.toFixed(0)} bytes a call, the text of the request included`,
  allocated,
  'bytes a call',
)
console.log(`${perSecond.toFixed(0)} calls a second while profiled`)
session.disconnect()
issuer.close()
process.exit(0)

function place({ functionName, url, lineNumber }: Runtime.CallFrame): string {
  return `${functionName === '' ? '(anonymous)' : functionName} ${basename(url)}${url === '' ? '' : `:${lineNumber + 1}`}`
}

function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Share[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame)]))
  const sums = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    sums.set(name, (sums.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1000)
  }
  return [...sums].map(([name, amount]) => ({ name, amount }))
}

function allocations({ head }: HeapProfiler.SamplingHeapProfile): readonly Share[] {
  const sums = new Map<string, number>()
  const visit = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
    const name = place(callFrame)
    sums.set(name, (sums.get(name) ?? 0) + selfSize)
    for (const child of children) visit(child)
  }
  visit(head)
  return [...sums].map(([name, amount]) => ({ name, amount }))
}

function print(title: string, shares: readonly Share[], unit: string): void {
  const total = shares.reduce((sum, { amount }) => sum + amount, 0)
  const table: Table = {
    id: title,
    title,
    columns: [
      { key: 'name', label: 'function' },
      { key: 'amount', label: unit, digits: 1 },
      { key: 'share', label: '%', digits: 1 },
    ],
    rows: shares
      .toSorted((a, b) => b.amount - a.amount)
      .slice(0, TOP)
      .map(({ name, amount }) => ({ name, amount, share: (amount / total) * 100 })),
  }
  console.log(`\n${title}\n\n${markdownTable(table)}`)
}
