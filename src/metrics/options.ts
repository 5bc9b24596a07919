import { ConfigurationError } from '../options/configuration-error.js'
import { custom, described, optional, type Reader } from '../options/reader.js'
import { nonEmptyString, oneOf, record, stringList } from '../options/readers.js'

/** Where client ids appear. */
type ClientIdPlace = 'span' | 'metric-allowlist' | false

const place = oneOf(['span', 'metric-allowlist'])

const clientId: Reader<ClientIdPlace> = custom(
  { type: "'span', 'metric-allowlist' or false", default: 'span' },
  (option, value = 'span') => (value === false ? false : place.read(option, value)),
)

/** The clients of an allow-list, which `clientId` must allow. */
const listedClients: Reader<readonly string[] | undefined> = custom(
  { type: 'list of strings', bounds: 'at least one', isOptional: true },
  (option, value, siblings) => {
    const isListed = siblings?.['clientId'] === 'metric-allowlist'
    if (value === undefined) {
      if (!isListed) return undefined
      throw new ConfigurationError(
        option,
        "is required with clientId: 'metric-allowlist'. List the client ids",
      )
    }
    const clients = stringList.read(option, value)
    if (siblings !== undefined && !isListed)
      throw new ConfigurationError(option, "requires clientId: 'metric-allowlist'")
    return clients
  },
)

/** Readers of the options of `instrument`. The adapter knows the types of the meter and the tracer. */
export const INSTRUMENT_OPTIONS = {
  meter: optional(record),
  tracer: optional(record),
  clientId,
  clients: listedClients,
}

/** Reads the module of prom-client, which has classes as properties. */
const moduleOf = (names: readonly string[]): Reader<object> =>
  custom('module', (option, value) => {
    const given = value as Readonly<Record<string, unknown>> | null | undefined
    if (given === null || given === undefined || names.some((name) => typeof given[name] !== 'function'))
      throw new ConfigurationError(
        option,
        'must be the module of prom-client. Pass the result of import * as client from "prom-client"',
      )
    return given
  })

/** Readers of the options of `collect`. */
export const COLLECT_OPTIONS = {
  client: moduleOf(['Histogram', 'Counter', 'Gauge']),
  register: optional(record),
  clients: optional(stringList),
}

const sourceName: Reader<string> = described(
  custom('string', (option, value = 'default') => nonEmptyString.read(option, value)),
  { default: 'default' },
)

/** Readers of the options of `instrument` for a token source. */
export const INSTRUMENT_SOURCE_OPTIONS = { meter: optional(record), name: sourceName }

/** Readers of the options of `collect` for a token source. */
export const COLLECT_SOURCE_OPTIONS = {
  client: COLLECT_OPTIONS.client,
  register: optional(record),
  name: sourceName,
}
