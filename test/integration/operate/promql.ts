import { parser } from '@prometheus-io/lezer-promql'

/** A selector of a query, such as `metric{label="value"}`. */
interface Selector {
  readonly metric: string
  readonly matchers: readonly Matcher[]
  /** Whether a function of counters, such as `rate`, is applied to it. */
  readonly isRate: boolean
}

interface Matcher {
  readonly label: string
  readonly operator: string
  readonly value: string
}

export interface Query {
  readonly selectors: readonly Selector[]
  /** Labels by which the query groups or matches series. */
  readonly labels: readonly string[]
}

const COUNTER_FUNCTIONS = ['rate', 'increase', 'irate']

/**
 * Parses a query with the grammar of Prometheus.
 *
 * @throws Error that shows where the query is not PromQL.
 */
export function parseQuery(text: string): Query {
  const selectors: Selector[] = []
  const labels: string[] = []
  const read = (node: SyntaxNode): string => text.slice(node.from, node.to)
  parser.parse(text).iterate({
    enter({ node, type }) {
      if (type.isError)
        throw new Error(`not PromQL at ${node.from}: ${text.slice(node.from - 20, node.to + 20)}`)
      if (type.name === 'VectorSelector') selectors.push(selectorOf(node, read))
      if (type.name === 'GroupingLabels')
        labels.push(...node.getChildren('LabelName').map((label) => read(label)))
    },
  })
  return { selectors, labels }
}

type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

function selectorOf(node: SyntaxNode, read: (node: SyntaxNode) => string): Selector {
  const metric = node.getChild('Identifier')
  if (metric === null) throw new Error(`a selector without a metric: ${read(node)}`)
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
    (matcher) => ({
      label: read(matcher.getChild('LabelName')!),
      operator: read(matcher.getChild('MatchOp')!),
      value: read(matcher.getChild('StringLiteral')!).slice(1, -1),
    }),
  )
  return { metric: read(metric), matchers, isRate: isInCounterFunction(node, read) }
}

function isInCounterFunction(node: SyntaxNode, read: (node: SyntaxNode) => string): boolean {
  for (let parent = node.parent; parent !== null; parent = parent.parent) {
    if (parent.name !== 'FunctionCall') continue
    const name = parent.getChild('FunctionIdentifier')
    return name !== null && COUNTER_FUNCTIONS.includes(read(name))
  }
  return false
}
