import { choices } from './paths/choices.js'
import { fleet } from './paths/fleet.js'
import { growth } from './paths/growth.js'
import { http } from './paths/http.js'
import { known } from './paths/known.js'
import { loop } from './paths/loop.js'
import { fresh } from './paths/new.js'
import { opaque } from './paths/opaque.js'
import { loads } from './growth/weight.js'
import { servers } from './http/own-servers.js'
import { answerMessages } from './support/child.js'
import { versionsOf } from './support/packages.js'
import type { Effort, Report } from './support/report.js'
import { contendersOf } from './verifiers/cast.js'

interface Path {
  readonly run: (effort: Effort) => Promise<Report>
  /** Whose versions the figures depend on. */
  readonly packages: readonly string[]
}

const packagesOf = (list: readonly { readonly packages: readonly string[] }[]): readonly string[] =>
  list.flatMap(({ packages }) => packages)

const paths = {
  known: { run: known, packages: packagesOf(contendersOf('known')) },
  new: { run: fresh, packages: packagesOf(contendersOf('new')) },
  http: { run: http, packages: [...packagesOf(servers), 'autocannon'] },
  opaque: { run: opaque, packages: [] },
  growth: { run: growth, packages: packagesOf(loads) },
  loop: { run: loop, packages: ['jose', 'fast-jwt'] },
  fleet: { run: fleet, packages: [] },
  choices: { run: choices, packages: ['lru-cache'] },
} satisfies Record<string, Path>

// One path in a process of its own, asked by scripts/bench.ts.
const [name = ''] = process.argv.slice(2)
const path: Path = paths[name as keyof typeof paths]
answerMessages(async (effort: Effort) => ({
  ...(await path.run(effort)),
  versions: versionsOf([...new Set(path.packages)]),
}))
