import { tableOf, type Result, type Row } from './report.js'

const WIDTH = 720
const LABEL_WIDTH = 270
const BAR_HEIGHT = 22
const GAP = 8
const TOP = 56

// An image cannot inherit the colors of the page, so it follows the color scheme of the reader.
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .note { fill: #59636e }
  .own { fill: #0969da; stroke: #0969da }
  .other { fill: #afb8c1; stroke: #818b98 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .own { fill: #4493f8; stroke: #4493f8 }
    .other { fill: #656c76; stroke: #9198a1 }
  }
</style>`

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const text = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(words)}</text>`

type Bar = Readonly<{ label: string; value: number }>

/** Draws bars on one scale from zero. The note names date and machine, because an image is copied without its page. */
function barChart({ date, quick, machine }: Result, { title, digits }: Chart, bars: readonly Bar[]): string {
  const note = `${date}, Node ${machine.node}, ${machine.cores} cores, medians${quick ? ' of a quick run' : ''}`
  const scale = (WIDTH - LABEL_WIDTH - 80) / Math.max(...bars.map(({ value }) => value))
  const parts = bars.flatMap(({ label, value }, index) => {
    const y = TOP + index * (BAR_HEIGHT + GAP)
    const length = Math.max(1, value * scale)
    const middle = y + BAR_HEIGHT / 2 + 4.5
    const kind = label.startsWith('m2m-guard') ? 'own' : 'other'
    return [
      text(LABEL_WIDTH - 10, middle, label, 'text-anchor="end"'),
      `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"/>`,
      text(LABEL_WIDTH + length + 8, middle, value.toFixed(digits)),
    ]
  })
  const height = TOP + bars.length * (BAR_HEIGHT + GAP)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    STYLE,
    text(0, 18, title, 'class="title"'),
    text(0, 38, note, 'class="note"'),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

type Chart = Readonly<{
  title: string
  table: string
  digits: number
  barsOf: (rows: readonly Row[]) => readonly Bar[]
}>

const cpuBars = (rows: readonly Row[]): readonly Bar[] =>
  rows.map(({ name, cpu }) => ({ label: String(name), value: Number(cpu) }))

const isInChart = ({ tokens, guard }: Row): boolean =>
  tokens === 1 && guard !== 'bare' && !String(guard).startsWith('m2m-guard +')

/** The chart of each path that has one. */
const charts: Readonly<Record<string, Chart>> = {
  known: {
    title: 'CPU of a cached token, µs (RS256, 1,000 tokens in turn; less is better)',
    ...{ table: 'RS256, 1,000 tokens, sequential', digits: 2, barsOf: cpuBars },
  },
  new: {
    title: 'CPU of a new token, µs (RS256, 64 concurrent; less is better)',
    ...{ table: 'RS256, 64 concurrent', digits: 1, barsOf: cpuBars },
  },
  chain: {
    title: 'Time that a guard adds to a request, µs (one cached token; less is better)',
    ...{ table: 'chain', digits: 1 },
    barsOf: (rows) =>
      rows.filter(isInChart).map(({ guard, framework, added }) => ({
        label: `${guard}, ${framework}`,
        value: Number(added) / 1000,
      })),
  },
}

/** Draws the charts of one path, by file name. */
export function chartsOf(result: Result): Readonly<Record<string, string>> {
  const chart = charts[result.path]
  if (chart === undefined) return {}
  const bars = chart.barsOf(tableOf(result, chart.table).rows)
  return { [result.path]: barChart(result, chart, bars) }
}
