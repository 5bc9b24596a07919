import type { TokenSource } from '../../../src/client/index.js'
import { type Answering, api, clientBed, type ClientBed } from '../../support/client.js'

/** A client bed with an API and a source that may send tokens to it. */
export async function bedWithApi(
  answering?: Answering,
): Promise<
  ClientBed & { readonly url: string; readonly tokens: TokenSource } & Awaited<ReturnType<typeof api>>
> {
  const bed = await clientBed()
  const target = await api(answering)
  return { ...bed, ...target, tokens: bed.source({ allowedOrigins: target.url }) }
}
