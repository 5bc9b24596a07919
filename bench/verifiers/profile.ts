import type { SigningAlgorithm } from '../../src/testing/state/signing-keys.js'
import { measureCalls } from '../support/measure.js'
import { startIssuer, times } from '../support/tokens.js'
import { findContender, type Cast } from './cast.js'
import { prepareCalls } from './contender.js'

// Runs one verifier for `npm run bench -- --profile known`, in a process in which Node records its profiles.
const [cast = '', contender = '', algorithm = '', milliseconds = ''] = process.argv.slice(2)
const isKnown = cast === 'known'
const { issuance, mint } = await startIssuer(algorithm as SigningAlgorithm)
const tokens = times(isKnown ? 1000 : 1200, mint)
const profiled = findContender(cast as Cast, contender)
const calleeOf = await prepareCalls(profiled, await profiled.make(issuance), tokens)
const manner = { mode: 'sequential', milliseconds: Number(milliseconds), perTurn: isKnown ? 64 : 1 } as const
const { cpuMicros, perSecond } = await measureCalls(calleeOf(tokens.length), manner)
console.log(
  `${perSecond.toFixed(0)} calls per second and ${cpuMicros.toFixed(2)} µs of CPU per call while profiled`,
)
process.exit(0)
