import { expect, it } from 'vitest'
import { oauthTokens } from '../../src/management/index.js'
import { clientBed } from '../support/client.js'
import { collectWarnings } from '../support/warnings.js'

type Bed = Awaited<ReturnType<typeof clientBed>>
type Call = (signal: AbortSignal) => Promise<unknown>

const CALLS: Readonly<Record<string, (bed: Bed) => Call>> = {
  getToken: ({ source }) => {
    const tokens = source({ fetch: undefined })
    return (signal) => tokens.getToken({ signal })
  },
  refresh: ({ source }) => {
    const tokens = source({ fetch: undefined })
    return (signal) => tokens.refresh({ signal })
  },
  'fetch of a source': ({ issuer, source }) => {
    const tokens = source({ fetch: undefined, allowedOrigins: issuer.url })
    return (signal) => tokens.fetch(`${issuer.url}/.well-known/openid-configuration`, { signal })
  },
  'a management call': ({ issuer }) => {
    const { clientId, clientSecret } = issuer.client
    const tokens = oauthTokens({
      introspectionEndpoint: `${issuer.url}/introspect`,
      clientId,
      clientSecret,
    })
    return (signal) => tokens.introspect({ token: 'a' }, { signal })
  },
}

it.each(Object.keys(CALLS))(
  '%s: 30 calls with one signal cause no warning of a leak of listeners',
  async (name) => {
    const call = CALLS[name]!(await clientBed())
    const { signal } = new AbortController()
    const warnings = collectWarnings()
    await Promise.all(Array.from({ length: 30 }, () => call(signal)))
    expect(warnings).toEqual([])
  },
)
