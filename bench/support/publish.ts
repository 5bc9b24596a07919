import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { chartsOf } from '../charts/charts.js'
import { breakEven } from './break-even.js'
import { root } from './places.js'
import { markdown, type Result } from './report.js'

const PAPER = join(root, 'docs', 'performance.md')
const CHARTS = join(root, 'bench', 'charts')

/** Where results are kept; those of another folder than the first are for comparing and change no paper. */
function resultFile(path: string, folder: string): string {
  return join(root, 'bench', 'results', folder, `${path}.json`)
}

function readResult(path: string): Result | undefined {
  const file = resultFile(path, '')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : undefined
}

/** Keeps a result; from the results that papers are about, draws the charts and fills in the paper. */
export async function publish(result: Result, folder: string): Promise<void> {
  const file = resultFile(result.path, folder)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, await pretty(JSON.stringify(result), 'json'))
  if (folder !== '') return
  mkdirSync(CHARTS, { recursive: true })
  for (const [name, svg] of Object.entries(chartsOf(result))) writeFileSync(join(CHARTS, `${name}.svg`), svg)
  const sections = new Map([[result.path, markdown(result)]])
  const [known, fresh] = [readResult('known'), readResult('new')]
  if (known !== undefined && fresh !== undefined) sections.set('break-even', breakEven(known, fresh))
  const paper = readFileSync(PAPER, 'utf8')
  writeFileSync(PAPER, await pretty(fillIn(paper, sections), 'markdown'))
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
