import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** Pages of the documentation, by their path from the root. */
export const PAPERS: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CODE_OF_CONDUCT.md',
  ...readdirSync(`${ROOT}docs`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('reference/api'))
    .map((name) => `docs/${name}`)
    .sort(),
]

export function readPaper(paper: string): string {
  return readFileSync(ROOT + paper, 'utf8')
}

/** A fenced block of a page. */
export interface Block {
  readonly paper: string
  /** Line number of its first line, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** What `<!-- needs: verifier app=expressApp -->` before it says: names the block uses, and what they are. */
  readonly needs: readonly { readonly name: string; readonly from: string }[]
}

const FENCE = /^( *)(`{3,})(.*)$/
const MARKER = /^<!-- needs: (.+) -->$/

/** Every fenced block of a page. An unclosed fence, or a marker without a block, is an error. */
export function blocksOf(paper: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly fence: string; readonly line: number; readonly language: string } | undefined
  let needs: Block['needs'] = []
  let lines: string[] = []
  readPaper(paper)
    .split('\n')
    .forEach((line, index) => {
      const [, indent = '', fence, info = ''] = FENCE.exec(line) ?? []
      if (open !== undefined) {
        if (fence === undefined || fence !== open.fence) {
          lines.push(line)
          return
        }
        blocks.push({ paper, line: open.line, language: open.language, text: lines.join('\n'), needs })
        open = undefined
        needs = []
        lines = []
      } else if (fence !== undefined) {
        if (indent !== '') throw new Error(`${paper}:${index + 1}: an indented block is not read`)
        open = { fence, line: index + 2, language: info.trim() }
      } else {
        const marker = MARKER.exec(line)?.[1]
        if (marker !== undefined) needs = readNeeds(marker)
        else if (line.trim() !== '' && needs.length > 0)
          throw new Error(`${paper}:${index + 1}: no block follows the marker`)
      }
    })
  if (open !== undefined) throw new Error(`${paper}: the block in line ${open.line} has no end`)
  return blocks
}

function readNeeds(marker: string): Block['needs'] {
  return marker.split(' ').map((word) => {
    const [name = '', from = name] = word.split('=')
    return { name, from }
  })
}

/** Where a block stands, for the name of its test. */
export function placeOf({ paper, line }: Block): string {
  return `${paper}:${line}`
}

/** The rows of every table of a page with a column of this heading, each as heading → cell. */
export function rowsOf(text: string, heading: string): readonly Readonly<Record<string, string>>[] {
  const rows: Record<string, string>[] = []
  let headings: readonly string[] | undefined
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) {
      headings = undefined
      continue
    }
    const cells = cellsOf(line)
    if (headings === undefined) headings = cells
    else if (headings.includes(heading) && !cells.every((cell) => /^:?-+:?$/.test(cell)))
      rows.push(Object.fromEntries(headings.map((name, index) => [name, cells[index] ?? ''])))
  }
  return rows
}

/** `\|` is a bar within a cell. */
function cellsOf(line: string): readonly string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** The content of a section: from its heading to the next of the same or a higher level. */
export function sectionOf(text: string, title: string): string {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === title && line.startsWith('#'))
  if (start === -1) throw new Error(`there is no section ${title}`)
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 0
  const length = lines
    .slice(start + 1)
    .findIndex((line) => /^#+ /.test(line) && (/^#+/.exec(line)?.[0].length ?? 0) <= level)
  return lines.slice(start, length === -1 ? undefined : start + 1 + length).join('\n')
}

/** A cell that is nothing but one name in backticks. */
export function codeIn(cell: string | undefined): string {
  const code = /^`([^`]+)`$/.exec(cell ?? '')?.[1]
  if (code === undefined) throw new Error(`${cell ?? 'an empty cell'} is not one name in backticks`)
  return code
}
