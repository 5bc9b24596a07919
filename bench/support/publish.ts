import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { chartsOf } from '../charts/charts.js'
import { breakEven } from './break-even.js'
import { goalsOfAll, type Run } from './goals.js'
import { root } from './places.js'
import { markdown, type Result } from './report.js'

const PAPER = join(root, 'docs', 'performance.md')
/** In the order of the paper. */
export const PATHS = ['known', 'new', 'http', 'opaque', 'growth', 'loop', 'fleet', 'choices'] as const

const CHARTS = join(root, 'bench', 'charts')

const RESULTS = join(root, 'bench', 'results')

/** Where results are kept; of those in a folder within, for comparing, the paper shows the goals alone. */
function resultFile(path: string, folder: string): string {
  return join(RESULTS, folder, `${path}.json`)
}

function readResult(path: string, folder = ''): Result | undefined {
  const file = resultFile(path, folder)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined
}

function readRun(folder: string): Run {
  return PATHS.map((path) => readResult(path, folder)).filter((result) => result !== undefined)
}

function readRuns(): readonly Run[] {
  const folders = readdirSync(RESULTS, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return ['', ...folders.map(({ name }) => name).sort()].map(readRun)
}

/** Keeps a result; from those that the paper is about, draws the charts and fills in the paper. */
export async function publish(result: Result, folder: string): Promise<void> {
  const file = resultFile(result.path, folder)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, await pretty(JSON.stringify(result), 'json'))
  if (folder === '') draw(result)
  const sections = new Map([...(folder === '' ? sectionsOf(result) : []), ['goals', goalsOfAll(readRuns())]])
  const paper = readFileSync(PAPER, 'utf8')
  writeFileSync(PAPER, await pretty(fillIn(paper, sections), 'markdown'))
}

function draw(result: Result): void {
  mkdirSync(CHARTS, { recursive: true })
  for (const [name, svg] of Object.entries(chartsOf(result))) writeFileSync(join(CHARTS, `${name}.svg`), svg)
}

function sectionsOf(result: Result): ReadonlyMap<string, string> {
  const sections = new Map([[result.path, markdown(result)]])
  const [known, fresh, choices] = [readResult('known'), readResult('new'), readResult('choices')]
  if (known !== undefined && fresh !== undefined && choices !== undefined) {
    sections.set('break-even', breakEven(known, fresh, choices))
  }
  return sections
}

/** Puts each section between its own marker and the next closing one. */
function fillIn(paper: string, sections: ReadonlyMap<string, string>): string {
  return paper.replace(
    /(<!-- bench:([\w-]+) -->\n).*?(<!-- \/bench -->)/gs,
    (whole: string, start: string, name: string, end: string) => {
      const section = sections.get(name)
      return section === undefined ? whole : `${start}\n${section}\n\n${end}`
    },
  )
}

async function pretty(text: string, parser: 'json' | 'markdown'): Promise<string> {
  const { prettier } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly prettier: object
  }
  return format(text, { ...prettier, parser })
}
