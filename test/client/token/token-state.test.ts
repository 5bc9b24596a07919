import { expect, it } from 'vitest'
import { stateOf, type TokenFacts, type TokenState } from '../../../src/client/token/token-state.js'

const FRESH: TokenFacts = {
  isUsable: true,
  isDue: false,
  isRefused: false,
  isInFlight: false,
  isBackingOff: false,
  isRefusalPaused: false,
}

it.each<[TokenState, string, Partial<TokenFacts>]>([
  ['fresh', 'a usable token', {}],
  ['fresh', 'a usable token while another set backs off', { isBackingOff: true }],
  ['fresh', 'an accepted token after a renewal that a refusal caused', { isRefusalPaused: true }],
  ['due', 'a token whose renewal time has come', { isDue: true }],
  ['due', 'a refused token', { isRefused: true }],
  [
    'due',
    'a refused token whose renewal time has come',
    { isDue: true, isRefused: true, isRefusalPaused: true },
  ],
  ['paused', 'a token that was refused shortly after a renewal', { isRefused: true, isRefusalPaused: true }],
  ['stale', 'a token whose renewal failed', { isDue: true, isBackingOff: true }],
  ['stale', 'a refused token whose renewal failed', { isRefused: true, isBackingOff: true }],
  ['absent', 'no token', { isUsable: false }],
  ['failed', 'no token after a failure', { isUsable: false, isBackingOff: true }],
  ['renewing', 'a request in flight without a token', { isUsable: false, isInFlight: true }],
  ['renewing', 'a request in flight beside a usable token', { isDue: true, isInFlight: true }],
])('the state is %s for %s', (state, _, facts) => {
  expect(stateOf({ ...FRESH, ...facts })).toBe(state)
})
