import type { Contender } from '../verifiers/contender.js'

/** Accepts whatever comes, unread: what the storm and the clock that watches it do to the loop by themselves. */
export const nobody: Contender = {
  name: 'nobody: the storm alone',
  packages: [],
  awaited: false,
  isAccepted: (result) => result === true,
  make: () => () => true,
}
