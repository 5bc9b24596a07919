import { ConfigurationError } from './configuration-error.js'

/**
 * Encodes an id as one segment of a URL path, so that an id with a slash cannot name another resource.
 *
 * @throws ConfigurationError that names the option if its value cannot be a path segment.
 */
export function encodePathSegment(option: string, value: string): string {
  // The segments `.` and `..` are removed from a path even if they are encoded. A lone surrogate has no encoding.
  if (/^\.{1,2}$|\p{Cs}/u.test(value)) {
    throw new ConfigurationError(option, 'is not a valid id: it cannot be used in a URL path')
  }
  return encodeURIComponent(value)
}
