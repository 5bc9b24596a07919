import { chain, first, remote } from './paths/chain.js'
import { growth } from './paths/growth.js'
import { loop } from './paths/loop.js'
import { fresh, known } from './paths/verifiers.js'
import { loads } from './growth/weight.js'
import { frameworks } from './applications/frameworks.mjs'
import { answerMessages } from '../test/support/processes/child.js'
import { versionsOf } from './support/packages.js'
import type { Effort, Report } from './support/report.js'
import { contendersOf } from './verifiers/cast.js'

interface Path {
  readonly run: (effort: Effort) => Promise<Report>
  /** The packages whose versions the figures depend on. */
  readonly packages: readonly string[]
}

const packagesOf = (list: readonly { readonly packages: readonly string[] }[]): readonly string[] =>
  list.flatMap(({ packages }) => packages)

const peers = Object.values(frameworks)
  .flatMap(({ peers }) => Object.keys(peers))
  .flatMap((name) => name.split(' + '))
  .filter((name) => name !== 'hono/jwk')

const paths: Readonly<Record<string, Path>> = {
  known: { run: known, packages: packagesOf(contendersOf('known')) },
  new: { run: fresh, packages: packagesOf(contendersOf('new')) },
  chain: { run: chain, packages: [...packagesOf(Object.values(frameworks)), ...peers] },
  first: { run: first, packages: ['fastify', 'fast-jwt'] },
  remote: { run: remote, packages: [] },
  growth: { run: growth, packages: packagesOf(loads) },
  loop: { run: loop, packages: packagesOf(contendersOf('loop')) },
  // Imported only for their own path, because they import the harness of the tests.
  fleet: { run: async (effort) => (await import('./paths/fleet.js')).fleet(effort), packages: ['redis'] },
  hanging: { run: async (effort) => (await import('./paths/hanging.js')).hanging(effort), packages: ['jose'] },
}

// Measures one path in its own process, started by scripts/bench.ts.
const [name = ''] = process.argv.slice(2)
const path = paths[name]
if (path === undefined) throw new TypeError(`unknown path: ${name}`)
answerMessages(async (effort: Effort) => ({
  ...(await path.run(effort)),
  versions: versionsOf(path.packages),
}))
