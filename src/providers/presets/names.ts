import { mapItems } from '../../util/members.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { custom, described, mapped, type Reader } from '../../options/reader.js'
import { nonEmptyString, stringList } from '../../options/readers.js'
import { urlWithoutQuery } from '../../options/url.js'

/** What a string must be. */
interface Form {
  readonly pattern: RegExp
  /** Continues "must be", and contains an example. */
  readonly expectation: string
  /** Further sentence of the error: what to write instead. */
  readonly advice: string | undefined
}

/** Reads a string that must match a pattern. `expectation` continues "must be" and contains an example. */
export function name(pattern: RegExp, expectation: string, advice?: string): Reader<string> {
  const form = { pattern, expectation, advice }
  return mapped(nonEmptyString, (value, option) => matching(form, value, option))
}

/** Reads a list of strings that must all match a pattern. A single string counts as a list. */
export function names(pattern: RegExp, expectation: string, advice?: string): Reader<readonly string[]> {
  const form = { pattern, expectation, advice }
  return mapped(stringList, (values, option) => mapItems(values, (value) => matching(form, value, option)))
}

function matching({ pattern, expectation, advice }: Form, value: string, option: string): string {
  if (pattern.test(value)) return value
  const problem = `must be ${expectation}, not ${JSON.stringify(value)}`
  throw new ConfigurationError(option, advice === undefined ? problem : `${problem}. ${advice}`)
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** The last label has a letter, so that no IP address matches. */
const HOST_NAME = new RegExp(`^(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`)

/** Reads a host name. In lower case only, because it is part of the `iss`, which is compared letter by letter. */
export function hostName(example: string): Reader<string> {
  return name(
    HOST_NAME,
    `a host name in lower case without https:// and without a path, such as '${example}'`,
  )
}

/** Reads the base URL of a server, and removes slashes at its end. */
export const baseUrl: Reader<string> = mapped(urlWithoutQuery, (url) => url.replace(/\/+$/, ''))

/**
 * Reads the audiences of an issuer whose tokens name any audience that the caller chooses. The check cannot be disabled,
 * because a service that receives such a token could present it here.
 */
export const requiredAudience: Reader<readonly string[]> = described(
  custom('list of strings', (option, value) => {
    if (value !== undefined && value !== null) return stringList.read(option, value)
    throw new ConfigurationError(
      option,
      'is required. Pass the value that callers request for this API. It cannot be null here, because every service ' +
        'that receives a token of this issuer could then present it to this API',
    )
  }),
  { bounds: 'at least one' },
)
