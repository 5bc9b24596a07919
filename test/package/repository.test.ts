import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { COMMIT_TYPES } from './support/commit-subject.js'
import { emptyFolder } from './support/support.js'
import { parseYaml, type Yaml } from './support/yaml.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The parts of a workflow that the tests read. */
interface Workflow {
  readonly on: Readonly<Record<string, Yaml>>
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix: { readonly node: readonly string[] } }
  readonly steps: readonly Step[]
}

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

const yamlFiles = readdirSync(join(ROOT, '.github'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.ya?ml$/.test(name))
  .map((name) => `.github/${name.replaceAll('\\', '/')}`)
  .sort()
const workflowFiles = yamlFiles.filter((path) => path.startsWith('.github/workflows/'))

function readWorkflow(path: string): Workflow {
  return parseYaml(read(path)) as unknown as Workflow
}

function commandsOf(job: Job | undefined): readonly string[] {
  return (job?.steps ?? []).flatMap(({ run }) => run ?? [])
}

it('the YAML parser of these tests reads what a workflow consists of, and rejects what is not YAML', () => {
  const text = `on: {push: {branches: [main]}}\nempty:\nname: 'a: b' # comment\nrun: |\n  one\n  two\nlist:\n  - x: 20\n`
  expect(parseYaml(text)).toEqual({
    on: { push: { branches: ['main'] } },
    empty: '',
    name: 'a: b',
    run: 'one\ntwo\n',
    list: [{ x: '20' }],
  })
  for (const invalid of ['a: [1', 'a: b: c', 'a: 1\na: 2\n', 'a: 1\n---\nb: 2\n'])
    expect(() => parseYaml(invalid)).toThrow()
})

it('there are three workflows, three issue forms and a Dependabot configuration', () => {
  expect(yamlFiles).toEqual([
    '.github/ISSUE_TEMPLATE/bug.yml',
    '.github/ISSUE_TEMPLATE/config.yml',
    '.github/ISSUE_TEMPLATE/feature.yml',
    '.github/ISSUE_TEMPLATE/issuer.yml',
    '.github/dependabot.yml',
    '.github/workflows/release.yml',
    '.github/workflows/slow.yml',
    '.github/workflows/test.yml',
  ])
})

it.each(yamlFiles)('%s is a YAML mapping', (path) => {
  expect(Object.keys(parseYaml(read(path)) as object).length).toBeGreaterThan(0)
})

describe('the test workflow', () => {
  it("runs the README's test command, and no other command, on Node 20, 22, 24 and 26", () => {
    const { jobs } = readWorkflow('.github/workflows/test.yml')
    const [command] = /^npm ci && npm test$/m.exec(read('README.md')) ?? []
    expect(command).toBeDefined()
    expect(Object.keys(jobs)).toEqual(['test'])
    expect(commandsOf(jobs['test'])).toEqual([command])
    expect(jobs['test']?.strategy?.matrix.node).toEqual(['20', '22', '24', '26'])
  })

  it('runs for every pull request and every push to main', () => {
    const { on } = readWorkflow('.github/workflows/test.yml')
    expect(on).toEqual({ push: { branches: ['main'] }, pull_request: '' })
  })
})

it.each(['README.md', 'SECURITY.md', 'docs/guide/build-tools.md'])(
  '%s says which lines of Node are tested, and that Node 20 is past its end of life',
  (path) => {
    const { jobs } = readWorkflow('.github/workflows/test.yml')
    const lines = jobs['test']!.strategy!.matrix.node
    const [last, ...others] = [...lines].reverse()
    if (path.startsWith('docs/')) for (const line of lines) expect(read(path)).toContain(`| ${line}   | yes `)
    else expect(read(path)).toContain(`Node ${others.reverse().join(', ')} and ${last} are tested`)
    expect(read(path)).toContain('end of life')
  },
)

it('the slow tests run nightly and when started manually', () => {
  const { on, jobs } = readWorkflow('.github/workflows/slow.yml')
  expect(Object.keys(on)).toEqual(['schedule', 'workflow_dispatch'])
  expect(commandsOf(jobs['slow'])).toEqual(['npm ci', 'npm run test:slow', 'npm run attack'])
})

it.each(workflowFiles)('%s has read permissions only, except for the release job', (path) => {
  const { permissions, jobs } = readWorkflow(path)
  expect(permissions).toEqual({ contents: 'read' })
  const own = Object.entries(jobs).flatMap(([name, job]) =>
    job.permissions === undefined ? [] : [[name, job.permissions] as const],
  )
  expect(own).toEqual(path === '.github/workflows/release.yml' ? [['release', { 'id-token': 'write' }]] : [])
})

it.each(workflowFiles)('%s pins every action to a commit, with the version as a comment', (path) => {
  const uses = read(path)
    .split('\n')
    .filter((line) => line.includes('uses:'))
  expect(uses.length).toBeGreaterThan(0)
  for (const line of uses) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
})

it('the workflows use the same commit of an action everywhere', () => {
  const pins = new Set(
    workflowFiles.flatMap((path) => [...read(path).matchAll(/uses: (.+)$/gm)].map(([, pin = '']) => pin)),
  )
  const actions = [...pins].map((pin) => pin.split('@', 1)[0])
  expect(new Set(actions).size).toBe(actions.length)
})

describe('the release workflow', () => {
  const path = '.github/workflows/release.yml'

  it('runs for version tags only', () => {
    expect(readWorkflow(path).on).toEqual({ push: { tags: ['v*'] } })
  })

  it('checks, tests and packs in one job, and publishes the tarball with provenance in another', () => {
    const { jobs } = readWorkflow(path)
    expect(commandsOf(jobs['pack']).slice(1)).toEqual(['npm ci', 'npm test', 'npm pack'])
    expect(commandsOf(jobs['release'])).toEqual([
      'npm publish ./m2m-guard-*.tgz --provenance --access public',
    ])
  })

  interface Release {
    readonly tag: string
    readonly heading: string
    readonly repository?: unknown
  }

  const good: Release = {
    tag: 'v1.2.3',
    heading: '## 1.2.3 - 2026-12-01',
    repository: { type: 'git', url: 'git+https://code.example/owner/name.git' },
  }

  /** Runs the script of the check step on a small project. */
  function check({ tag, heading, repository }: Release): { status: number; output: string } {
    const [script = ''] = commandsOf(readWorkflow(path).jobs['pack'])
    const folder = emptyFolder()
    onTestFinished(folder.remove)
    writeFileSync(join(folder.path, 'package.json'), JSON.stringify({ version: '1.2.3', repository }))
    writeFileSync(join(folder.path, 'CHANGELOG.md'), `# Changelog\n\n${heading}\n\n### Added\n`)
    const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
      cwd: folder.path,
      encoding: 'utf8',
      env: {
        ...process.env,
        TAG: tag,
        GITHUB_SERVER_URL: 'https://code.example',
        GITHUB_REPOSITORY: 'owner/name',
      },
    })
    return { status: status ?? -1, output: stdout + stderr }
  }

  it('accepts a tag that equals the version, with a dated changelog section and a repository', () => {
    expect(check(good)).toEqual({ status: 0, output: '' })
    expect(check({ ...good, repository: 'owner/name' })).toEqual({ status: 0, output: '' })
  })

  it.each([
    [
      'a tag of another version',
      { ...good, tag: 'v1.2.4' },
      'The tag is v1.2.4, but package.json has version 1.2.3',
    ],
    ['a tag without v', { ...good, tag: '1.2.3' }, 'The tag is 1.2.3'],
    [
      'a section without a date',
      { ...good, heading: '## 1.2.3 - unreleased' },
      "Add the heading '## 1.2.3 - YYYY-MM-DD'",
    ],
    [
      'a section of another version',
      { ...good, heading: '## 1x2.3 - 2026-12-01' },
      'CHANGELOG.md has no dated section for 1.2.3',
    ],
    [
      'a missing repository',
      { ...good, repository: undefined },
      'Add "repository": { "type": "git", "url": "git+https://code.example/owner/name.git" }',
    ],
  ])('stops at %s and says what to change', (_name, release, message) => {
    const { status, output } = check(release)
    expect(status).toBe(1)
    expect(output).toContain('::error::')
    expect(output).toContain(message)
  })
})

describe('CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md')

  it('names every commit type that the check accepts', () => {
    const [, list = ''] = /^Types: (.+)$/m.exec(text) ?? []
    expect([...list.matchAll(/`([a-z]+)`/g)].map(([, type]) => type)).toEqual([...COMMIT_TYPES])
  })

  it('has a row for every folder of src, and for no other', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    const rows = [...text.matchAll(/^\| \d +\| `src\/([a-z-]+)\/`/gm)].map(([, name]) => name)
    expect(rows.sort()).toEqual(folders.map(({ name }) => name).sort())
  })

  it('names only files and folders that exist', () => {
    const paths = [...text.matchAll(/`((?:src|adapters|test|scripts|\.github)\/[^`<]*)`/g)].map(
      ([, path = '']) => path,
    )
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})
