/** One bar: whose, how much, and whether it is ours. */
export interface Bar {
  readonly label: string
  readonly value: number
  readonly own: boolean
}

const WIDTH = 720
const LABEL_WIDTH = 270
const BAR_HEIGHT = 22
const GAP = 8
const TOP = 56

// The page decides whether it is light or dark; a chart in an image can only ask.
const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .note { fill: #59636e }
  .own { fill: #0969da; stroke: #0969da }
  .other { fill: #afb8c1; stroke: #818b98 }
  line { stroke: #d1d9e0 }
  polyline { fill: none; stroke-width: 2.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .own { fill: #4493f8; stroke: #4493f8 }
    .other { fill: #656c76; stroke: #9198a1 }
    line { stroke: #3d444d }
  }
</style>`

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const text = (x: number, y: number, words: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(words)}</text>`

function frame(title: string, note: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    STYLE,
    text(0, 18, title, 'class="title"'),
    text(0, 38, note, 'class="note"'),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** Bars on one scale from zero. */
export function barChart(title: string, note: string, bars: readonly Bar[], digits: number): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  const room = WIDTH - LABEL_WIDTH - 80
  const parts = bars.flatMap(({ label, value, own }, index) => {
    const y = TOP + index * (BAR_HEIGHT + GAP)
    const length = Math.max(1, (value / longest) * room)
    const middle = y + BAR_HEIGHT / 2 + 4.5
    return [
      text(LABEL_WIDTH - 10, middle, label, 'text-anchor="end"'),
      `<rect class="${own ? 'own' : 'other'}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"/>`,
      text(LABEL_WIDTH + length + 8, middle, value.toFixed(digits)),
    ]
  })
  return frame(title, note, TOP + bars.length * (BAR_HEIGHT + GAP), parts)
}

/** A line through points, on logarithmic scales. */
export interface Line {
  readonly label: string
  readonly own: boolean
  readonly points: readonly (readonly [x: number, y: number])[]
}

const PLOT = { left: 70, right: WIDTH - 190, top: 60, bottom: 300 }

export function lineChart(title: string, note: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points)
  const x = scale(
    all.map(([value]) => value),
    PLOT.left,
    PLOT.right,
  )
  const y = scale(
    all.map(([, value]) => value),
    PLOT.bottom,
    PLOT.top,
  )
  const parts = [
    ...y.decades.flatMap((value) => [
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${y.at(value).toFixed(1)}" y2="${y.at(value).toFixed(1)}"/>`,
      text(PLOT.left - 8, y.at(value) + 4.5, value.toLocaleString('en-US'), 'text-anchor="end" class="note"'),
    ]),
    ...x.decades.map((value) =>
      text(x.at(value), PLOT.bottom + 22, value.toLocaleString('en-US'), 'text-anchor="middle" class="note"'),
    ),
    ...lines.flatMap(({ label, own, points }) => {
      const path = points.map(([across, up]) => `${x.at(across).toFixed(1)},${y.at(up).toFixed(1)}`)
      const [, last] = points.at(-1) ?? [0, 1]
      return [
        `<polyline class="${own ? 'own' : 'other'}" style="fill: none" points="${path.join(' ')}"/>`,
        text(PLOT.right + 10, y.at(last) + 4.5, label),
      ]
    }),
  ]
  return frame(title, note, PLOT.bottom + 34, parts)
}

function scale(
  values: readonly number[],
  from: number,
  to: number,
): { readonly at: (value: number) => number; readonly decades: readonly number[] } {
  const first = Math.floor(Math.log10(Math.min(...values)))
  const last = Math.ceil(Math.log10(Math.max(...values)))
  return {
    at: (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from),
    decades: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
  }
}
