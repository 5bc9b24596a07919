import { markdownTable, type Cell, type Goal, type Result, type Table } from './report.js'

/** The results of one version of Node. */
export type Run = readonly Result[]

/** Every goal in a row, every version of Node in a column. */
export function goalsOfAll(runs: readonly Run[]): string {
  const titles = runs.map(nameOf)
  const rows = new Map<string, Record<string, Cell>>()
  for (const [index, run] of runs.entries()) {
    for (const { path, goals } of run) {
      for (const goal of goals) {
        const key = `${path}: ${goal.text}`
        const row = rows.get(key) ?? { goal: key }
        row[titles[index] ?? ''] = verdict(goal)
        rows.set(key, row)
      }
    }
  }
  const table: Table = {
    id: 'goals',
    title: '',
    columns: [{ key: 'goal', label: 'goal' }, ...titles.map((title) => ({ key: title, label: title }))],
    rows: [...rows.values()],
  }
  return `${markdownTable(table)}\n\n${runs.map(countOf).join(' ')} Where the rounds of a run do not agree about a goal, its figure has a question mark.`
}

function nameOf(run: Run): string {
  const versions = new Set(run.map(({ machine }) => machine.node))
  return `Node ${[...versions].join(', ')}`
}

function verdict({ figure, met, undecided }: Goal): string {
  const [value = ''] = figure.split(' (')
  return `${met ? 'met' : '**not met**'}, ${value}${undecided ? '?' : ''}`
}

function countOf(run: Run): string {
  const goals = run.flatMap((result) => result.goals)
  const met = goals.filter((goal) => goal.met).length
  const quick = run.filter((result) => result.quick).map(({ path }) => path)
  const mark = quick.length === 0 ? '' : `; ${quick.join(', ')} of a quick run, not for quoting`
  return `${nameOf(run)}: ${met} of ${goals.length} met${mark}.`
}
