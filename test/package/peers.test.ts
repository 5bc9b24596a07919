import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, emptyFolder } from './support/support.js'

// A project with the tarball only: none of its optional peers is installed.
const project = emptyFolder()
beforeAll(() => {
  createProject(project.path, [])
}, 300_000)
afterAll(project.remove)

const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>
}
const ENTRY_POINTS = Object.keys(exports)
  .filter((name) => name !== './package.json')
  .map((name) => name.replace(/^\./, 'm2m-guard'))

/** Entry points that need their peer when they are loaded, by the package that Node names. */
const NEEDED: Readonly<Record<string, string>> = {
  'm2m-guard/nestjs': '@nestjs/common',
  'm2m-guard/opentelemetry': '@opentelemetry/api',
}

/** Loads an entry point in a process of its own, and returns what it prints on stderr. */
function errorOf(type: 'module' | 'commonjs', entryPoint: string): Promise<string> {
  const code = type === 'module' ? `await import('${entryPoint}')` : `require('${entryPoint}')`
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [`--input-type=${type}`, '--eval', code],
      { cwd: project.path },
      (error, _stdout, stderr) => {
        resolve(error === null ? '' : stderr)
      },
    )
  })
}

describe.concurrent.each(['module', 'commonjs'] as const)('without optional peers, from a %s', (type) => {
  it.for(ENTRY_POINTS.filter((name) => !(name in NEEDED)))('%s loads', async (name, { expect }) => {
    expect(await errorOf(type, name)).toBe('')
  })

  it.for(Object.entries(NEEDED))('%s names the package to install: %s', async ([name, peer], { expect }) => {
    expect(await errorOf(type, name)).toContain(`Cannot find package '${peer}' imported from`)
  })
})

it('the pages of the entry points that need a peer say how to install it', () => {
  const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  expect(page('docs/guide/nestjs.md')).toMatch(
    /`Cannot find package '@nestjs\/common'`[^.]*`npm install @nestjs\/common @nestjs\/core`/,
  )
  expect(page('docs/reference/metrics.md')).toMatch(
    /`Cannot find package '@opentelemetry\/api'`[^.]*`npm install @opentelemetry\/api`/,
  )
})
