import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { guard, type FetchOnRefusal } from '../../../adapters/fetch.js'
import type { Refusal } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { restorePlatformClasses } from '../../support/setup/platform-classes.js'
import { bearer, createIssuer, verifierFor } from '../support.js'
import {
  EarlierResponse,
  type Elsewhere,
  foreignResponses,
  NativeResponse,
  NO_RESPONSES,
  startElsewhere,
} from './support.js'

/** A response of a framework that was loaded before another library replaced the global. */
class Replacement extends NativeResponse {
  // Shares only Node's prototype.
  readonly isReplacement = true
}

afterEach(restorePlatformClasses)

let issuer: TestIssuer
let elsewhere: Elsewhere

beforeAll(async () => {
  issuer = await createIssuer()
  elsewhere = await startElsewhere()
})

afterAll(async () => {
  await elsewhere.close()
  await issuer.close()
})

describe('if the global Response was replaced', () => {
  const refused = async (onRefusal: (refusal: Refusal) => unknown): Promise<unknown> => {
    Object.defineProperty(globalThis, 'Response', { value: Replacement })
    return guard(
      verifierFor(issuer),
      {},
      { onRefusal: onRefusal as FetchOnRefusal },
    )(new Request('http://a.internal/'))
  }

  it.each([...foreignResponses(() => elsewhere), ...NO_RESPONSES])(
    'a refusal is an instance of it when onRefusal returns $made',
    async ({ onRefusal, status, body }) => {
      const response = (await refused(onRefusal)) as Response
      expect(response).toBeInstanceOf(Replacement)
      expect(response.status).toBe(status === 'refusal' ? 401 : status)
      if (body !== undefined) expect(await response.text()).toBe(body)
    },
  )

  it('a refusal without onRefusal is an instance of it', async () => {
    Object.defineProperty(globalThis, 'Response', { value: Replacement })
    const response = await guard(verifierFor(issuer))(new Request('http://a.internal/'))
    expect(response).toBeInstanceOf(Replacement)
  })

  it('an instance of it is returned unchanged', async () => {
    let own: unknown
    expect(await refused(() => (own = new Replacement('own')))).toBe(own)
  })

  it('statusText, headers and every cookie are copied', async () => {
    const response = (await refused(() => {
      const made = new NativeResponse('own', { status: 401, statusText: 'No', headers: { 'x-own': '1' } })
      made.headers.append('set-cookie', 'a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT')
      made.headers.append('set-cookie', 'b=2')
      return made
    })) as Response
    expect(response.statusText).toBe('No')
    expect(response.headers.get('x-own')).toBe('1')
    expect(response.headers.getSetCookie()).toEqual(['a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT', 'b=2'])
  })

  it('a class whose objects are not its instances is an error, and no request passes', async () => {
    class Evasive extends NativeResponse {
      static override [Symbol.hasInstance](): boolean {
        return false
      }
    }
    Object.defineProperty(globalThis, 'Response', { value: Evasive })
    await expect(guard(verifierFor(issuer))(new Request('http://a.internal/'))).rejects.toThrow(TypeError)
  })
})

describe('if the global Response was not replaced', () => {
  it.each([new EarlierResponse('own'), NativeResponse.json({}), NativeResponse.error()])(
    'the response of onRefusal is returned unchanged',
    async (own) => {
      const authorize = guard(verifierFor(issuer), {}, { onRefusal: () => own })
      expect(await authorize(new Request('http://a.internal/'))).toBe(own)
    },
  )

  it.each(NO_RESPONSES)('a refusal is a Response when onRefusal returns $made', async ({ onRefusal }) => {
    const authorize = guard(verifierFor(issuer), {}, { onRefusal: onRefusal as FetchOnRefusal })
    const response = await authorize(new Request('http://a.internal/'))
    expect(response).toBeInstanceOf(Response)
    expect((response as Response).status).toBe(401)
  })

  it('a token is not a Response', async () => {
    const request = new Request('http://a.internal/', { headers: bearer(issuer.mintJwt()) })
    expect(await guard(verifierFor(issuer))(request)).not.toBeInstanceOf(Response)
  })
})
