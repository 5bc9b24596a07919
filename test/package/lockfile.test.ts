import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly link?: boolean
        readonly resolved?: string
        readonly optionalDependencies?: Readonly<Record<string, string>>
      }
    >
  >
}

it.each(['package-lock.json', 'bench/package-lock.json', 'test/package/tools/package-lock.json'])(
  '%s names every package that another may want, on whatever platform, so that npm ci accepts it',
  (path) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
    const { packages } = JSON.parse(text) as Lock
    const locked = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')))
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    )
    expect(wanted.filter((name) => !locked.has(name))).toEqual([])
    // A folder of this repository is a link. Any other place would be that of a registry.
    const places = Object.values(packages).flatMap(({ link, resolved }) =>
      link === true ? [] : (resolved ?? []),
    )
    expect(places).toEqual([])
  },
)
