// npm run soak -- --seconds 60: tests a guarded server under load while its issuer changes keys, fails and revokes tokens.
import { parseArgs } from 'node:util'
import { describeSoak } from '../test/slow/soak/describe-soak.js'
import { faultsOf, soak } from '../test/slow/soak/soak.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, json: { type: 'boolean' } },
})
const seconds = Number(values.seconds)
if (!Number.isInteger(seconds) || seconds < 1) throw new TypeError('--seconds must be a positive integer')

const report = await soak(seconds)
const faults = faultsOf(report)
console.log(values.json === true ? JSON.stringify({ ...report, faults }) : describeSoak(report, faults))
process.exitCode = faults.length === 0 ? 0 : 1
