import type { TokenSource } from '../../../src/client/index.js'
import { until } from '../../support/until.js'

export const HOUR = 3600

/** Asks until another token is given: a renewal in the background is done when it is done. */
export async function renewed(source: TokenSource, old: string): Promise<string> {
  let token = old
  await until(async () => (token = await source.getToken()) !== old)
  return token
}
