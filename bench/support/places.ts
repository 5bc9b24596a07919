import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root, from the sources and from what is built of them alike. */
export const root = upwards(dirname(fileURLToPath(import.meta.url)))

function upwards(folder: string): string {
  return existsSync(join(folder, 'tsconfig.build.json')) ? folder : upwards(join(folder, '..'))
}

/** Where the library and the bench are compiled to: beside the other packages, so that all load alike. */
export const built = join(root, 'bench', 'node_modules', '.built')
