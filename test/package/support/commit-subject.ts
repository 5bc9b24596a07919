/** The types of a Conventional Commit that this project uses. CONTRIBUTING.md explains them. */
export const COMMIT_TYPES = [
  'feat',
  'fix',
  'docs',
  'test',
  'refactor',
  'perf',
  'build',
  'ci',
  'chore',
  'style',
  'revert',
  'bench',
] as const

const SUBJECT = new RegExp(`^(${COMMIT_TYPES.join('|')})(\\([a-z0-9,/ -]+\\))?!?: `)

export function isConventional(subject: string): boolean {
  return SUBJECT.test(subject)
}
