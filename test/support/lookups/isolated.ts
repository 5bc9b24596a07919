import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { AtEnd } from '../at-end.js'
import { selfSigned } from '../servers/certificate.js'

const DAY = 86_400_000

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

/** A program that is its own name server. */
interface IsolatedProgram {
  /** Arguments of Node. The folder of its certificate is added as the last one. */
  readonly args: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
  readonly atEnd: AtEnd
}

/**
 * Runs a program in namespaces of its own, where it has to answer its own DNS queries, and returns the first line that it
 * prints, which is JSON. Its folder contains `key.pem` and `cert.pem` for every host in `idp.test`, which Node trusts.
 */
export async function runIsolated({ args, variables = {}, atEnd }: IsolatedProgram): Promise<unknown> {
  const [unshare, ...flags] = allowedNamespaces()
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-lookups-'))
  atEnd(() => {
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
  const program = [process.execPath, ...args, folder]
  const child = spawn(unshare, [...flags, 'sh', '-c', enter, 'sh', ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  atEnd(() => void child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) return JSON.parse(line)
  throw new Error('the process ended without a result')
}
