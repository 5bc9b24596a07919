import { Authlete } from '@authlete/typescript-sdk'
import { HTTPClient } from '@authlete/typescript-sdk/lib/http.js'
import { expect } from 'vitest'
import { authleteTokens, type AuthleteTokens } from '../../../../src/management/index.js'
import { hashOf } from '../../../support/management.js'
import { testBed, type TestBed, type TestBedOptions } from '../../../support/test-bed.js'

/** A request as it went out. */
interface Sent {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly authorization: string | null
  readonly type: string | null
  readonly body: unknown
}

interface AuthleteSdkBed extends TestBed {
  readonly ours: AuthleteTokens
  readonly theirs: Authlete
  readonly serviceId: string
  readonly clientId: string
  /** What each of them sent, in order. */
  readonly sentByUs: Sent[]
  readonly sentByThem: Sent[]
}

/** Both clients against one test issuer, each with its requests written down. */
export async function sdkBed(testIssuer: TestBedOptions['testIssuer'] = {}): Promise<AuthleteSdkBed> {
  const bed = await testBed({ testIssuer })
  const { issuer } = bed
  const { serviceId, serviceAccessToken, clientId } = issuer.authleteService
  const [sentByUs, sentByThem]: [Sent[], Sent[]] = [[], []]
  const ours = authleteTokens({
    serviceId,
    serviceAccessToken,
    apiUrl: issuer.endpoints.authlete,
    fetch: recording(sentByUs),
  })
  const httpClient = new HTTPClient({ fetcher: recording(sentByThem) })
  const theirs = new Authlete({
    bearer: serviceAccessToken,
    serverURL: issuer.endpoints.authlete,
    httpClient,
  })
  return { ...bed, ours, theirs, serviceId, clientId, sentByUs, sentByThem }
}

function recording(sent: Sent[]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname, searchParams } = new URL(request.url)
    const text = await request.clone().text()
    sent.push({
      method: request.method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      authorization: request.headers.get('authorization'),
      // A body without content has no type worth comparing.
      type: text === '' ? null : request.headers.get('content-type'),
      body: text === '' ? undefined : JSON.parse(text),
    })
    return fetch(request)
  }
}

/** Two calls, one by each: what they sent is the same, member by member. */
export async function bothSend(
  bed: AuthleteSdkBed,
  ours: () => PromiseLike<unknown>,
  theirs: () => Promise<unknown>,
): Promise<Sent> {
  bed.sentByUs.length = 0
  bed.sentByThem.length = 0
  // The result of the call does not matter: the second may have no effect.
  await Promise.allSettled([Promise.resolve().then(ours), Promise.resolve().then(theirs)])
  expect(bed.sentByUs).toEqual(bed.sentByThem)
  expect(bed.sentByUs).toHaveLength(1)
  return bed.sentByUs[0]!
}

export const HASH = hashOf('some-token')
