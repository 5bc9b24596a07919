// Derives members of package.json from entry-points.json, the list of what can be imported. The build writes them.
import { readFileSync } from 'node:fs'

/** Source file and size budget of each entry point, by its key in `exports`. */
export const entryPoints = JSON.parse(readFileSync(new URL('entry-points.json', import.meta.url), 'utf8'))

function exportOf({ source }) {
  const modules = { types: `./dist/${source}.d.ts`, default: `./dist/${source}.js` }
  const commonJs = { types: `./dist/${source}.d.cts`, default: `./dist/${source}.cjs` }
  // `module-sync`: in Node, `import` and `require()` share one instance. `require`: tools that cannot load modules.
  return { 'module-sync': modules, import: modules, require: commonJs }
}

/** Returns `exports`, and `typesVersions` for TypeScript with `moduleResolution: node10`, which does not read `exports`. */
export function packageMembers() {
  const exports = { './package.json': './package.json' }
  const paths = {}
  for (const [name, entry] of Object.entries(entryPoints)) {
    exports[name] = exportOf(entry)
    if (name !== '.') paths[name.slice('./'.length)] = [`./dist/${entry.source}.d.ts`]
  }
  return { exports, typesVersions: { '*': paths } }
}
