import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isConventional } from './support/commit-subject.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The last commit before Conventional Commits became the rule. Older subjects stay as they are. */
const LAST_FREE_FORM_COMMIT = '3c8c544'

/** Runs git in the project. Returns `undefined` if git is missing or reports an error. */
function git(...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

interface Checked {
  /** What could be checked: part of the test's name, so that a run without history says so. */
  readonly what: string
  readonly commits: readonly string[]
}

function checkedCommits(): Checked {
  const top = git('rev-parse', '--show-toplevel')
  // An unpacked tarball may be in another repository.
  if (top === undefined || realpathSync(top) !== realpathSync(ROOT))
    return { what: '0 commits, because this folder is not a git checkout', commits: [] }
  // Fails in a shallow clone, which does not contain the commit, and in a history that was rewritten.
  if (git('merge-base', '--is-ancestor', LAST_FREE_FORM_COMMIT, 'HEAD') === undefined)
    return { what: `0 commits, because the history does not reach ${LAST_FREE_FORM_COMMIT}`, commits: [] }
  // Git and the hosting site write the subjects of merge commits.
  const log = git('log', '--no-merges', '--format=%h %s', `${LAST_FREE_FORM_COMMIT}..HEAD`) ?? ''
  const commits = log === '' ? [] : log.split('\n')
  return { what: `${commits.length} commits after ${LAST_FREE_FORM_COMMIT}`, commits }
}

const { what, commits } = checkedCommits()

it(`every commit subject is a Conventional Commit (${what})`, () => {
  expect(commits.filter((commit) => !isConventional(commit.slice(commit.indexOf(' ') + 1)))).toEqual([])
})

describe('a commit subject', () => {
  it.each([
    'feat: add DPoP',
    'fix(policy): evaluate policies on every request',
    'refactor(keys, jwt)!: rename JwkSet',
    'bench(http/express): measure Node 26',
    'revert: feat: add DPoP',
  ])('"%s" is accepted', (subject) => {
    expect(isConventional(subject)).toBe(true)
  })

  it.each([
    'Add DPoP',
    'feat add DPoP',
    'feat:add DPoP',
    'Feat: add DPoP',
    'feature: add DPoP',
    'feat(): add DPoP',
    'feat(Policy): add DPoP',
    ' feat: add DPoP',
    'Merge branch main',
    '',
  ])('"%s" is refused', (subject) => {
    expect(isConventional(subject)).toBe(false)
  })
})
