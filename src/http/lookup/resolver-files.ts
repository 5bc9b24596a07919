/** System file that is parsed again after it has changed. An unreadable file counts as empty. */
class SystemFile<T> {
  readonly #path: string
  readonly #parse: (content: string) => T
  #parsed: { readonly version: string; readonly value: T } | undefined

  constructor(path: string, parse: (content: string) => T) {
    this.#path = path
    this.#parse = parse
  }

  read(): T {
    // Synchronous, because asynchronous reads need the threads that hanging lookups may occupy.
    try {
      const { readFileSync, statSync } = process.getBuiltinModule('node:fs')
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

/** Search settings of `resolv.conf(5)`. */
interface SearchSettings {
  readonly search: readonly string[]
  /** `ndots`: a name with fewer dots is first searched for in the search list. */
  readonly dots: number
}

/** Whether the hosts file contains a host, which the operating system then finds without a name server. */
export function isInHostsFile(host: string): boolean {
  return HOSTS.read().has(host)
}

/** Returns the names that the operating system queries for a host, in order, until one is found. */
export function searchOrder(host: string): readonly string[] {
  return candidatesOf(host, RESOLVER.read())
}

/** {@link searchOrder} for given settings. */
export function candidatesOf(host: string, { search, dots }: SearchSettings): readonly string[] {
  if (host.endsWith('.')) return [host]
  const completed = search.map((domain) => `${host}.${domain}`)
  return host.split('.').length - 1 >= dots ? [host, ...completed] : [...completed, host]
}

/** Returns the names in a hosts file, in lower case. */
export function parseHosts(content: string): ReadonlySet<string> {
  const lines = content.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  return new Set(lines.flatMap(([, ...names]) => names.map((name) => name.toLowerCase())))
}

/** Reads the search list and `ndots` of a `resolv.conf`. The last `search` or `domain` line applies. */
export function parseResolver(content: string): SearchSettings {
  let search: readonly string[] = []
  let dots = 1
  for (const line of content.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/)
    if (keyword === 'search' || keyword === 'domain') search = values.map((value) => value.replace(/\.$/, ''))
    if (keyword !== 'options') continue
    const stated = values.find((value) => /^ndots:\d{1,2}$/.test(value))
    if (stated !== undefined) dots = Number(stated.slice('ndots:'.length))
  }
  return { search: search.filter((domain) => domain !== ''), dots }
}
