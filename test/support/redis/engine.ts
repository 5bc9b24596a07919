import { execFileSync } from 'node:child_process'

const ENGINES = ['redis-server', 'valkey-server']

/** Returns the name of the engine in the PATH; `undefined` if there is none. */
export function installedEngine(): string | undefined {
  return ENGINES.find((name) => succeeds(name, ['--version']))
}

/**
 * Runs before the tests that start Redis, and not in each of them, because two package managers at a time would fail.
 * Installs an engine from the packages of the system if none is there and that is possible without a password. Without one,
 * the tests that need it fail.
 */
export function setup(): void {
  const isRoot = process.getuid?.() === 0
  // On the machine of a developer, nothing is installed as another user.
  if (installedEngine() !== undefined || (!isRoot && process.env['CI'] === undefined)) return
  const [command, ...before] = isRoot ? (['apt-get'] as const) : (['sudo', '-n', 'apt-get'] as const)
  const install = [...before, 'install', '--yes', '--no-install-recommends', 'redis-server']
  if (succeeds(command, install)) return
  if (succeeds(command, [...before, 'update'])) succeeds(command, install)
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    return true
  } catch {
    return false
  }
}
