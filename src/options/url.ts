import { isSecureAddress } from '../util/url.js'
import { ConfigurationError } from './configuration-error.js'
import { requiredText } from './readers.js'

/** Reads an option that is an address we will talk to. Refuses credentials in it: they would reach logs. */
export function secureAddress(option: string, value: unknown): string {
  const address = requiredText(option, value)
  if (!isSecureAddress(address)) {
    throw new ConfigurationError(option, 'must be an https: address (http: is for loopback addresses only)')
  }
  const { username, password, hash } = new URL(address)
  if (username !== '' || password !== '') {
    throw new ConfigurationError(option, 'must not hold a user name or password')
  }
  if (hash !== '') throw new ConfigurationError(option, 'must not have a fragment')
  return address
}
