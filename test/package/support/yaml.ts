import type { ParserOptions } from 'prettier'
import { parsers } from 'prettier/plugins/yaml'

export type Yaml = string | null | readonly Yaml[] | { readonly [key: string]: Yaml }

/** A node of the syntax tree that Prettier's YAML parser produces. */
interface Node {
  readonly type: string
  readonly value?: string
  readonly children?: readonly (Node | null)[]
}

/**
 * Parses a YAML file with one document. Every scalar is returned as a string.
 *
 * Prettier is used because no YAML parser is a direct dependency. Prettier's options only affect printing.
 */
export async function parseYaml(text: string): Promise<Yaml> {
  return valueOf((await parsers.yaml.parse(text, {} as ParserOptions)) as Node)
}

function valueOf(node: Node | null | undefined): Yaml {
  if (node === null || node === undefined) return null
  const children = node.children ?? []
  switch (node.type) {
    case 'root':
      if (children.length !== 1) throw new Error(`the file has ${children.length} YAML documents, not one`)
      return valueOf(children[0])
    case 'document':
      return valueOf(children.find((child) => child?.type === 'documentBody'))
    case 'documentBody':
    case 'mappingKey':
    case 'mappingValue':
    case 'sequenceItem':
    case 'flowSequenceItem':
      return valueOf(children[0])
    case 'mapping':
    case 'flowMapping':
      return mappingOf(children)
    case 'sequence':
    case 'flowSequence':
      return children.map(valueOf)
    case 'plain':
    case 'quoteSingle':
    case 'quoteDouble':
    case 'blockLiteral':
    case 'blockFolded':
      return node.value ?? ''
    case 'null':
      return null
    default:
      throw new Error(`YAML node "${node.type}" is not supported by this test`)
  }
}

function mappingOf(items: readonly (Node | null)[]): Yaml {
  const entries = items.map((item): [string, Yaml] => {
    const [key, value] = item?.children ?? []
    const name = valueOf(key)
    if (typeof name !== 'string') throw new Error('a key of a mapping must be a string')
    return [name, valueOf(value)]
  })
  const keys = entries.map(([key]) => key)
  const duplicate = keys.find((key, index) => keys.indexOf(key) !== index)
  if (duplicate !== undefined) throw new Error(`the key "${duplicate}" occurs twice`)
  return Object.fromEntries(entries)
}
