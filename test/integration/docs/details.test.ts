import { expect, it } from 'vitest'
import { DETAILS } from '../../../src/model/detail/templates.js'
import { readPaper, sectionOf } from './programs/support.js'

const section = sectionOf(readPaper('docs/reference/errors.md'), 'What `detail` says')
const rows = Object.entries(DETAILS).flatMap(([reason, cases]) =>
  Object.values(cases).map(
    (template: string) => `- \`${reason}\`: ${template.replace(/:(?:s|time)\}/g, '}')}`,
  ),
)

it('docs/reference/errors.md lists every sentence of the table of details, and no other', () => {
  const listed = section.split('\n').filter((line) => line.startsWith('- '))
  expect(listed, `replace the list by:\n${rows.join('\n')}`).toEqual(rows)
})
