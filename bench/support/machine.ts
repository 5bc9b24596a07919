import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns the hardware and the versions that the figures depend on, without host or user names. */
export function thisMachine() {
  const processors = cpus()
  return {
    node: process.versions.node,
    openssl: process.versions.openssl,
    cpu: processors[0]?.model.trim() ?? 'unknown processor',
    cores: processors.length,
    platform: `${process.platform} ${process.arch}`,
  }
}

export type Machine = Readonly<ReturnType<typeof thisMachine>>

/** The root folder of the project, found from the sources and from the compiled files. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)))

function findRoot(folder: string): string {
  return existsSync(join(folder, 'tsconfig.build.json')) ? folder : findRoot(join(folder, '..'))
}

/** Output folder of the compiled library and benchmark, next to the other packages, so that all resolve the same modules. */
export const built = join(root, 'bench', 'node_modules', '.built')
