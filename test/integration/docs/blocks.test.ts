import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../package/support/yaml.js'
import { readersFolder } from '../../support/packed/packed-package.js'
import { checkTypes, isProgram } from './programs/compiler.js'
import { programsOf, readDocumented, type Documented } from './programs/examples.js'
import { runBlock } from './programs/run.js'
import { blocksOf, PAPERS, placeOf, ROOT, type Block } from './programs/support.js'

const blocks = PAPERS.flatMap(blocksOf)
const programs = blocks.filter(isProgram)
/** The pages that test/package/getting-started.test.ts follows word for word, in a separate folder. */
const isGettingStarted = ({ paper }: Block): boolean => paper.startsWith('docs/guide/getting-started/')
const byPlace = (some: readonly Block[]): readonly [string, Block][] =>
  some.map((block) => [placeOf(block), block])

it('every block of the documentation states its language, and is of a checked kind', () => {
  const kinds = ['ts', 'js', 'sh', 'http', 'text', 'json', 'yaml', 'mermaid']
  expect(blocks.filter(({ language }) => !kinds.includes(language)).map(placeOf)).toEqual([])
  expect(programs.length).toBeGreaterThan(0)
})

const documented = readDocumented()
const examples = programsOf(documented)
const { errors, files } = checkTypes([...programs, ...[...examples.values()].map(({ checked }) => checked)])

/** Methods that a framework or a reader provides, and the one that `await` calls. */
const CALLED_BY_OTHERS = [
  ...['HeaderReader.get', 'KoaContext.set', 'KoaContext.append', 'Listing.then'],
  ...['M2mGuard.canActivate', 'M2mGuardModule.onModuleInit'],
]

describe('the comment of something public', () => {
  it('has exactly one example if it is a function, and at most one otherwise', () => {
    const isWrong = ({ name, isFunction, examples: found }: Documented): boolean =>
      isFunction && !CALLED_BY_OTHERS.includes(name) ? found.length !== 1 : found.length > 1
    expect(documented.filter(isWrong).map(({ entry, name }) => `${entry}: ${name}`)).toEqual([])
    expect(documented.length).toBeGreaterThan(100)
  })

  it.each([...examples.keys()])('%s: the types of its example are right', (place) => {
    expect(errors.get(place)).toEqual([])
  })

  const runnable = [...examples].filter(([, { runnable: block }]) => block !== undefined)
  it.each(runnable)('%s: its example runs', async (_, { runnable: block }) => {
    await runBlock(block!)
  })
})

describe('a program in the documentation', () => {
  it('is type-checked against the packed package, and not against the sources', () => {
    const own = files.filter((file) => !file.includes('/node_modules/') || file.includes('/m2m-guard/'))
    const read = own.map((file) => relative(readersFolder(), file))
    expect(read).toContain('node_modules/m2m-guard/dist/src/index.d.ts')
    expect(read.filter((file) => file.startsWith('..'))).toEqual([])
  })

  it('runs with the packed package, and not with the sources', async () => {
    const { exports } = await runBlock({
      ...programs[0]!,
      text: "import { oauth } from 'm2m-guard'\nexport { oauth }",
      needs: [],
    })
    const packed = pathToFileURL(`${readersFolder()}/node_modules/m2m-guard/dist/src/index.js`).href
    expect(exports['oauth']).toBe(((await import(packed)) as typeof import('m2m-guard')).oauth)
  })

  it.each(byPlace(programs))('%s: its types are right', (place) => {
    expect(errors.get(place)).toEqual([])
  })

  it.each(byPlace(programs.filter((block) => !isGettingStarted(block))))('%s: it runs', async (_, block) => {
    await runBlock(block)
  })
})

describe('a guarded API of the README and of a getting-started page', () => {
  const apis = programs.filter(
    (block) =>
      (block.paper === 'README.md' || isGettingStarted(block)) &&
      /\.listen\(|serve\(/.test(block.text) &&
      block.text.includes('/orders'),
  )

  it('there is one for each adapter', () => {
    const adapters = apis.map(({ text }) => /'m2m-guard\/(\w+)'/.exec(text)?.[1])
    expect(adapters).toEqual(['express', 'express', 'fastify', 'fetch', 'hono', 'koa', 'nestjs'])
  })

  it('the first is shorter than 20 lines', () => {
    expect(apis[0]!.text.split('\n').length).toBeLessThan(20)
  })

  it.each(byPlace(apis))('%s: responds as the README says', async (_, block) => {
    const { issuer, urls } = await runBlock(block)
    const tokens = {
      none: undefined,
      good: issuer.mintJwt({ clientId: 'billing', scopes: 'orders:read' }),
      'of another scope': issuer.mintJwt({ scopes: 'orders:write' }),
      'for somebody else': issuer.mintJwt({ scopes: 'orders:read', audience: 'https://invoices.internal' }),
      'of two hours ago': issuer.mintJwt({ scopes: 'orders:read', age: '2h' }),
    }
    const statuses: Record<string, number> = {}
    for (const [what, token] of Object.entries(tokens)) {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(`${urls[0]!}/orders`, { headers })
      statuses[what] = response.status
      const body = await response.json()
      if (what === 'good') expect(body).toEqual({ orders: [], client: 'billing' })
    }
    expect(statuses).toEqual({
      none: 401,
      good: 200,
      'of another scope': 403,
      'for somebody else': 401,
      'of two hours ago': 401,
    })
  })

  it('refuses word for word as the README shows', async () => {
    const [shown] = blocks.filter(({ paper, language }) => paper === 'README.md' && language === 'http')
    const [head = '', body] = shown!.text.split('\n\n')
    const [statusLine, ...headers] = head.split('\n')
    const { issuer, urls } = await runBlock(apis[0]!)
    const response = await fetch(`${urls[0]!}/orders`, {
      headers: { authorization: `Bearer ${issuer.mintJwt()}` },
    })
    expect(`HTTP/1.1 ${response.status} ${response.statusText}`).toBe(statusLine)
    for (const header of headers) {
      const [name = ''] = header.split(':', 1)
      expect(`${name}: ${response.headers.get(name) ?? ''}`).toBe(header)
    }
    expect(await response.text()).toBe(body)
  })
})

it.each(byPlace(blocks.filter(({ language }) => language === 'json')))('%s is JSON', (_, { text }) => {
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

it.each(byPlace(blocks.filter(({ language }) => language === 'yaml')))('%s is YAML', (_, { text }) => {
  expect(parseYaml(text)).toBeTypeOf('object')
})

/** The packages of an `npm install` line. */
function installedBy(command: string): readonly string[] {
  if (!command.startsWith('npm install ')) return []
  return command
    .split(' ')
    .slice(2)
    .filter((word) => !word.startsWith('--'))
}

/** The packages that a program imports, with those that have only types. */
function importedBy({ text }: Block): readonly string[] {
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
  const outside = specifiers.filter((name) => !name.startsWith('node:') && !name.startsWith('.'))
  return outside.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}

it.each(PAPERS.filter((paper) => /^docs\/(guide|vendors)\//.test(paper)))(
  '%s: has a line that installs each package that its programs import',
  (paper) => {
    const own = blocks.filter((block) => block.paper === paper)
    const installed = own.flatMap(({ text }) => text.split('\n').flatMap(installedBy))
    const imported = own.filter(isProgram).flatMap(importedBy)
    const isInstalled = (name: string): boolean =>
      name === 'm2m-guard' || installed.includes(name) || installed.includes(`@types/${name}`)
    expect(imported.filter((name) => !isInstalled(name))).toEqual([])
  },
)

describe('a command in the documentation', () => {
  const { scripts, bin, devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
    readonly devDependencies: Readonly<Record<string, string>>
    readonly bin: Readonly<Record<string, string>>
  }
  const commands = blocks
    .filter((block) => block.language === 'sh' && !isGettingStarted(block))
    .flatMap((block) =>
      block.text
        .split(/\n|&&/)
        .map((line) => line.replace(/#.*$/, '').trim())
        .filter((line) => line !== '')
        .map((command): [string, string] => [placeOf(block), command]),
    )

  it.each(commands)('%s: %s is one that exists', (_, command) => {
    const [program, first = '', second = ''] = command.replace(/^(?:[A-Z_]+=\S+ )+/, '').split(' ')
    if (program === 'npm' && first === 'run') expect(scripts).toHaveProperty([second])
    else if (program === 'npm' && ['start', 'test'].includes(first)) expect(scripts).toHaveProperty([first])
    else if (program === 'npx' && first === 'tsx') expect(existsSync(ROOT + second)).toBe(true)
    // The names are those of the table of variables, which test/cli compares.
    else if (program === 'export') expect(command).toMatch(/^export(?: [A-Z_]+=\S+)+$/)
    // The arguments after its name are run in test/cli.
    else if (program === 'npx' && first in bin) expect(existsSync(`${ROOT}src/cli/main.ts`)).toBe(true)
    else if (program === 'npx') expect(existsSync(`${ROOT}node_modules/.bin/${first}`)).toBe(true)
    // The package that a reader uninstalls is installed here, so that the programs of the page can run.
    else if (program === 'npm' && first === 'uninstall')
      expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(command.split(' ').slice(2)))
    else if (program === 'npm' && first === 'install') {
      const names = installedBy(command).filter((name) => name !== 'm2m-guard')
      expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(names))
    } else expect(command).toBe('npm ci')
  })

  it('the two that start and test everything are in the README, as they are to be typed', () => {
    const shown = blocks.filter(({ paper, language }) => paper === 'README.md' && language === 'sh')
    const texts = shown.map(({ text }) => text)
    expect(texts).toContain('npm ci && npm start')
    expect(texts).toContain('npm ci && npm test')
  })
})
