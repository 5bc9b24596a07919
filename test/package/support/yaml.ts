import { parse } from 'yaml'

export type Yaml = string | readonly Yaml[] | { readonly [key: string]: Yaml }

/** Parses a YAML file with one document. Every scalar is returned as a string, an empty one as `''`. */
export function parseYaml(text: string): Yaml {
  return parse(text, { schema: 'failsafe' }) as Yaml
}
