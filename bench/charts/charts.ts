import type { Cell, Result } from '../support/report.js'
import { barChart, lineChart, type Bar } from './svg.js'

type Row = Readonly<Record<string, Cell>>

const isOwn = (name: string): boolean => name.startsWith('m2m-guard')

function rowsOf({ path, tables }: Result, id: string): readonly Row[] {
  const table = tables.find((some) => some.id === id)
  if (table === undefined) throw new TypeError(`${path}: there is no table ${id}`)
  return table.rows
}

const bars = (rows: readonly Row[], label: (row: Row) => string, value: string): readonly Bar[] =>
  rows.map((row) => ({ label: label(row), value: Number(row[value]), own: isOwn(label(row)) }))

const nameOf = (row: Row): string => String(row['name'])
const guardOf = (row: Row): string => String(row['guard'])

/** Under which conditions: a picture is passed on without its page. */
function conditions({ date, quick, machine }: Result): string {
  return `${date}, Node ${machine.node}, ${machine.cores} cores, medians${quick ? ' of a quick run' : ''}`
}

/** The pictures of one path, by the name of their file. */
export function chartsOf(result: Result): Readonly<Record<string, string>> {
  const note = conditions(result)
  switch (result.path) {
    case 'known': {
      const rows = rowsOf(result, 'RS256, 1,000 tokens, sequential')
      const title = 'CPU of a known token, µs (RS256, 1,000 tokens in turn; less is better)'
      return { known: barChart(title, note, bars(rows, nameOf, 'cpu'), 2) }
    }
    case 'new': {
      const rows = rowsOf(result, 'RS256, 64 at once')
      const title = 'CPU of a new token, µs (RS256, 64 at once; less is better)'
      return { new: barChart(title, note, bars(rows, nameOf, 'cpu'), 1) }
    }
    case 'http':
      return Object.fromEntries(
        ['Express', 'Koa', 'Fastify'].map((framework) => {
          const rows = rowsOf(result, 'saturated').filter(
            (row) => row['framework'] === framework && row['tokens'] === 'one',
          )
          const title = `${framework}: requests a second, of those without a guard (more is better)`
          return [`http-${framework.toLowerCase()}`, barChart(title, note, bars(rows, guardOf, 'share'), 2)]
        }),
      )
    case 'fleet': {
      const line = (key: string) =>
        rowsOf(result, 'fleet').map((row) => [Number(row['instances']), Number(row[key])] as const)
      const title = 'Calls a second that an issuer sees, by the number of instances (modelled)'
      return {
        fleet: lineChart(
          title,
          '1,000 opaque tokens, 20,000 requests a second, answers remembered for 30 s',
          [
            { label: 'each by itself', own: true, points: line('apart') },
            { label: 'with a shared store', own: false, points: line('shared') },
          ],
        ),
      }
    }
    default:
      return {}
  }
}
