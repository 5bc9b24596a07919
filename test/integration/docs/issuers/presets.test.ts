import { expect, it } from 'vitest'
import type { Description, Table } from '../../../../src/options/reader.js'
import { AUTH0_OPTIONS } from '../../../../src/providers/presets/auth0.js'
import { CLOUDFLARE_ACCESS_OPTIONS } from '../../../../src/providers/presets/cloudflare-access.js'
import { COGNITO_OPTIONS } from '../../../../src/providers/presets/cognito.js'
import { ENTRA_OPTIONS } from '../../../../src/providers/presets/entra.js'
import { GITHUB_ACTIONS_OPTIONS } from '../../../../src/providers/presets/github-actions.js'
import { GITLAB_OPTIONS } from '../../../../src/providers/presets/gitlab.js'
import { GOOGLE_OPTIONS } from '../../../../src/providers/presets/google.js'
import { IN_CLUSTER_OPTIONS } from '../../../../src/providers/presets/in-cluster.js'
import * as presets from '../../../../src/providers/presets/index.js'
import { KEYCLOAK_OPTIONS } from '../../../../src/providers/presets/keycloak.js'
import { KUBERNETES_OPTIONS } from '../../../../src/providers/presets/kubernetes.js'
import { OKTA_OPTIONS } from '../../../../src/providers/presets/okta.js'
import { PRESET_OPTIONS } from '../../../../src/providers/presets/preset.js'
import { SPIFFE_OPTIONS } from '../../../../src/providers/presets/spiffe.js'
import { readPaper, rowsOf, sectionOf } from '../programs/support.js'

const TABLES: Readonly<Record<string, Table>> = {
  auth0: AUTH0_OPTIONS,
  cloudflareAccess: CLOUDFLARE_ACCESS_OPTIONS,
  cognito: COGNITO_OPTIONS,
  entra: ENTRA_OPTIONS,
  githubActions: GITHUB_ACTIONS_OPTIONS,
  gitlab: GITLAB_OPTIONS,
  google: GOOGLE_OPTIONS,
  inCluster: IN_CLUSTER_OPTIONS,
  keycloak: KEYCLOAK_OPTIONS,
  kubernetes: KUBERNETES_OPTIONS,
  okta: OKTA_OPTIONS,
  spiffe: SPIFFE_OPTIONS,
}

const page = readPaper('docs/reference/presets.md')

it('docs/reference/presets.md describes every preset', () => {
  const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title)
  expect(sections).toEqual(['Every preset', ...Object.keys(TABLES)])
  expect(Object.keys(presets).sort()).toEqual(
    Object.keys(TABLES)
      .filter((name) => name !== 'inCluster')
      .sort(),
  )
})

it.each(Object.entries(TABLES))('%s: the rows are the options of the code', (section, table) => {
  const rows = rowsOf(sectionOf(page, section), 'option').map(({ option, type, bounds, default: value }) => ({
    option,
    type,
    bounds,
    default: value,
  }))
  const own = Object.entries(table).filter(([name]) => !Object.hasOwn(PRESET_OPTIONS, name))
  const expected = own.map(([name, { describe }]) => ({
    option: `\`${name}\``,
    type: describe.type,
    bounds: typeof describe.bounds === 'string' ? describe.bounds : '',
    default: defaultOf(describe),
  }))
  expect(rows).toEqual(expected)
})

function defaultOf({ default: value, isOptional }: Description): string {
  if (typeof value === 'string') return `\`${value}\``
  return value !== undefined || isOptional ? 'none' : 'required'
}
