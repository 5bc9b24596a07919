import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readPaper, ROOT } from '../docs/programs/support.js'
import { exportedSeries, problemsOf } from './exported.js'
import { parseQuery } from './promql.js'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: { readonly defaults: { readonly custom?: unknown } }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const FILE = 'docs/operate/grafana-dashboard.json'
const text = readPaper(FILE)
const dashboard = JSON.parse(text) as {
  readonly panels: readonly Panel[]
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[]
  }
}
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const variables = dashboard.templating.list.map(({ name }) => name)
const series = await exportedSeries()

/** The errors of a dashboard as a value of Grafana's own type. Its enumerations are compared by their values. */
function schemaErrors(json: string): readonly string[] {
  const file = `${ROOT}test/integration/operate/dashboard.generated.ts`
  const source = `
import type { Dashboard, GraphFieldConfig } from '@grafana/schema'
type Json<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? readonly Json<Item>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T
export const dashboard: Json<Omit<Dashboard, 'panels'>> & { panels: Json<NonNullable<Dashboard['panels']>> } = ${json}
export const customs: readonly Json<GraphFieldConfig>[] = ${JSON.stringify(customsOf(json))}
`
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const getSourceFile = host.getSourceFile.bind(host)
  const fileExists = host.fileExists.bind(host)
  const readFile = host.readFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest)
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? source : readFile(name))
  const program = ts.createProgram([file], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

/** How the graphs are drawn, which Grafana's type of a panel leaves open. */
function customsOf(json: string): readonly unknown[] {
  const { panels: all } = JSON.parse(json) as typeof dashboard
  return all
    .filter(({ type }) => type === 'timeseries')
    .map(({ fieldConfig }) => fieldConfig?.defaults.custom)
}

describe(FILE, () => {
  it("is a dashboard by Grafana's schema", () => {
    expect(schemaErrors(text)).toEqual([])
  })

  it.each([
    ['a misspelled property', '"gridPos"', '"gridPosition"'],
    ['an unknown sort order of tooltips', '"graphTooltip": 1', '"graphTooltip": "shared"'],
    ['an unknown line style', '"drawStyle": "line"', '"drawStyle": "curve"'],
  ])('the check of the schema finds %s', (_, right, wrong) => {
    expect(text).toContain(right)
    expect(schemaErrors(text.replace(right, wrong))).not.toEqual([])
  })

  it('shows every exported metric', () => {
    const used = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => parseQuery(withoutVariables(expr)).selectors.map(({ metric }) => metric)),
    )
    const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '')
    expect([...new Set(used.map(base))].sort()).toEqual([...new Set([...series.keys()].map(base))].sort())
  })

  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
  )
  it.each(queries)('%s: %s is PromQL over what collect() exports', (_, expr, legend) => {
    const query = parseQuery(withoutVariables(expr))
    expect(problemsOf(query, series)).toEqual([])
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
    expect(shown.filter((label) => !query.labels.includes(label!))).toEqual([])
    const used = [...expr.matchAll(/"\$(\w+)"/g)].map(([, name]) => name!)
    expect(used.filter((name) => !variables.includes(name))).toEqual([])
  })

  it('its variables read labels that collect() exports', () => {
    const queries = dashboard.templating.list.flatMap(({ query }) =>
      typeof query === 'string' ? [] : query.query,
    )
    expect(queries).toHaveLength(2)
    for (const query of queries) {
      const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
      const [read] = parseQuery(selector).selectors
      expect(series.get(read!.metric)?.labels).toContain(label)
    }
  })

  it('every panel has its own id, says what it shows, and overlaps no other', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    for (const { description, targets } of panels) {
      expect(description).toMatch(/\.$/)
      expect(targets).not.toEqual([])
    }
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})

/** Grafana replaces its variables before it sends a query. */
function withoutVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m')
}
