import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'
import { selfSigned } from '../../support/servers/certificate.js'

const DAY = 86_400_000
const isolated = new URL('./isolated-process.ts', import.meta.url)

/** Files of the process in `/etc`. A lookup without a response takes 150 s for each name of the search list. */
const SYSTEM_FILES = {
  'resolv.conf': 'nameserver 127.0.0.1\nsearch idp.test\noptions timeout:30 attempts:5\n',
  hosts: '127.0.0.1 localhost in-hosts-file.idp.test\n',
  'nsswitch.conf': 'hosts: files dns\n',
}

const LOOPBACK_UP = 'ip link set lo up'

/** Enters namespaces for mounts and for the network: as root, as root of a user namespace, or by sudo without a password. */
const NAMESPACES = [
  ['unshare', '-m', '-n'],
  ['unshare', '-U', '-r', '-m', '-n'],
  ['sudo', '-n', 'unshare', '-m', '-n'],
] as const

/** The command that enters the namespaces on this machine. */
function allowedNamespaces(): readonly [program: string, ...flags: string[]] {
  const allowed = NAMESPACES.find(([program, ...flags]) => {
    try {
      const script = `${LOOPBACK_UP} && mount --bind /etc/hosts /etc/hosts`
      execFileSync(program, [...flags, 'sh', '-c', script], { stdio: 'pipe' })
      return true
    } catch {
      return false
    }
  })
  if (allowed !== undefined) return allowed
  throw new Error(
    'this machine does not allow a separate name server for a process: unshare (util-linux) and ip (iproute2) must work, as root, in a user namespace or by sudo',
  )
}

/** Runs the service with a separate name server, and returns its report. */
async function runIsolated(variables: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const [unshare, ...flags] = allowedNamespaces()
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-lookups-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const now = Date.now()
  const { key, cert } = selfSigned(['*.idp.test', 'short'], new Date(now - DAY), new Date(now + DAY))
  const files = { ...SYSTEM_FILES, 'key.pem': key, 'cert.pem': cert }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const mounts = Object.keys(SYSTEM_FILES)
    .filter((name) => existsSync(join('/etc', name)))
    .map((name) => `mount --bind ${join(folder, name)} /etc/${name}`)
  const environment = { ...variables, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const start = `exec env ${settings.join(' ')} "$@"`
  const enter = [LOOPBACK_UP, ...mounts, start].join(' && ')
  const program = [process.execPath, bundleProgram(isolated), folder]
  const child = spawn(unshare, [...flags, 'sh', '-c', enter, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) return JSON.parse(line)
  throw new Error('the process ended without a result')
}

const UNAFFECTED = {
  keys: 20,
  introspection: 20,
  discovery: 20,
  client: 'done',
  management: 'done',
  hostsFile: 'done',
  shortName: 'done',
  // Its name server takes 0.7 s.
  slow: 'done',
  // Its name server never responds for AAAA.
  half: 'done',
  application: 'done',
}

it('A2 five hosts whose name server does not respond delay no other issuer and no lookup of the application', async () => {
  expect(await runIsolated()).toEqual({
    ...UNAFFECTED,
    // All other lookups ended before this one, and while the requests for these hosts were still waiting.
    hangingLookups: { started: 1, ended: 0 },
    settled: 0,
  })
}, 300_000)

it('A2 with one slot in the thread pool, such hosts do not occupy it', async () => {
  expect(await runIsolated({ UV_THREADPOOL_SIZE: '1' })).toMatchObject({
    ...UNAFFECTED,
    hangingLookups: { started: 0, ended: 0 },
  })
}, 300_000)
