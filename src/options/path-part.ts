import { ConfigurationError } from './configuration-error.js'

/**
 * Encodes an id as one part of a URL path: an id with a slash in it must not name another resource.
 *
 * @throws ConfigurationError naming the option whose value cannot be part of a path.
 */
export function encodePathSegment(option: string, value: string): string {
  // Dots alone would name the folder itself or the one above, encoded or not; a lone surrogate has no encoding.
  if (/^\.{1,2}$|\p{Cs}/u.test(value)) {
    throw new ConfigurationError(option, 'is not a valid id: it cannot be used in a URL path')
  }
  return encodeURIComponent(value)
}
