import type { Route } from '../server/endpoints.js'
import { json, type TestRequest, type TestResponse } from '../server/http.js'
import type { IssuerState } from '../state/state.js'
import { ISSUERS, PRESETS, type PresetName } from './names.js'

/** The endpoints of all presets: discovery documents and keys. */
export function presetRoutes(state: IssuerState): readonly Route[] {
  const forPreset =
    (respond: (preset: PresetName, request: TestRequest) => TestResponse) =>
    (request: TestRequest): TestResponse => {
      const preset = PRESETS.find((name) => name === request.params['preset'])
      return preset === undefined ? json(404, { error: 'not_found' }) : respond(preset, request)
    }
  return [
    {
      method: 'GET',
      path: '/presets/:preset/openid-configuration',
      endpoint: 'discovery',
      respond: forPreset((preset, { query }) =>
        json(200, discoveryDocument(preset, query.get('issuer') ?? '')),
      ),
    },
    {
      method: 'GET',
      path: '/presets/:preset/keys',
      endpoint: 'jwks',
      respond: forPreset((preset) => json(200, state.keys[preset].jwks())),
    },
  ]
}

function discoveryDocument(preset: PresetName, url: string): Readonly<Record<string, unknown>> {
  // The identifier of an Auth0 tenant ends with a slash, which the URL of its discovery document does not show.
  const issuer = preset !== 'spiffe' && ISSUERS[preset].endsWith('/') ? `${url}/` : url
  return {
    issuer,
    jwks_uri: `${url}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

const DISCOVERY = '/.well-known/openid-configuration'

/** Creates the `fetch` of a preset: it sends requests for the vendor's documents to the test issuer. */
export function createPresetFetch(state: IssuerState, preset: PresetName): typeof fetch {
  return (input, init) => {
    const url = new URL(typeof input === 'string' || input instanceof URL ? input : input.url)
    const base = `${state.endpoints.oauth}/presets/${preset}`
    if (!url.pathname.endsWith(DISCOVERY)) return fetch(`${base}/keys`, init)
    const issuer = `${url.origin}${url.pathname.slice(0, -DISCOVERY.length)}`
    return fetch(`${base}/openid-configuration?issuer=${encodeURIComponent(issuer)}`, init)
  }
}
