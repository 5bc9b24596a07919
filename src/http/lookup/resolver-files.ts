import { readFileSync, statSync } from 'node:fs'

/** A text file of the system, parsed again when it has changed. One that cannot be read counts as empty. */
class SystemFile<T> {
  readonly #path: string
  readonly #parse: (text: string) => T
  #parsed: { readonly version: string; readonly value: T } | undefined

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path
    this.#parse = parse
  }

  read(): T {
    // Synchronously, because asynchronous reads need the threads that hanging lookups may occupy.
    try {
      const { mtimeMs, size, ino } = statSync(this.#path)
      const version = `${mtimeMs} ${size} ${ino}`
      if (this.#parsed?.version !== version) {
        this.#parsed = { version, value: this.#parse(readFileSync(this.#path, 'utf8')) }
      }
      return this.#parsed.value
    } catch {
      return this.#parse('')
    }
  }
}

const HOSTS = new SystemFile('/etc/hosts', parseHosts)
const RESOLVER = new SystemFile('/etc/resolv.conf', parseResolver)

/** The order in which names are searched. */
interface SearchSettings {
  readonly search: readonly string[]
  /** A name with fewer dots is searched for in the search list first. */
  readonly dots: number
}

/** Whether the hosts file names a host, which the system then finds without a name server. */
export function hostsFileNames(host: string): boolean {
  return HOSTS.read().has(host)
}

/** The names that the system asks for until it finds one, in their order. */
export function searchOrder(host: string): readonly string[] {
  return candidatesOf(host, RESOLVER.read())
}

/** {@link searchOrder} by the settings given. */
export function candidatesOf(host: string, { search, dots }: SearchSettings): readonly string[] {
  if (host.endsWith('.')) return [host]
  const completed = search.map((domain) => `${host}.${domain}`)
  return host.split('.').length - 1 >= dots ? [host, ...completed] : [...completed, host]
}

/** The names in a hosts file, in lower case. */
export function parseHosts(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  return new Set(lines.flatMap(([, ...names]) => names.map((name) => name.toLowerCase())))
}

/** The search list and `ndots` of a `resolv.conf`. Of several `search` and `domain` lines the last one counts. */
export function parseResolver(text: string): SearchSettings {
  let search: readonly string[] = []
  let dots = 1
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'search' || keyword === 'domain') search = values.map((value) => value.replace(/\.$/, ''))
    if (keyword !== 'options') continue
    const stated = values.find((value) => /^ndots:\d{1,2}$/.test(value))
    if (stated !== undefined) dots = Number(stated.slice('ndots:'.length))
  }
  return { search: search.filter((domain) => domain !== ''), dots }
}
