import type { Issuer, RemoteProfile, TokenFacts } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'

interface Answer {
  readonly ok: boolean
  readonly machine: string
  readonly may: readonly string[]
}

/** Custom issuer of opaque tokens with the prefix `own_`, which are verified at a custom endpoint. */
export function own(by: TestIssuer, parts: Partial<Issuer> = {}): Issuer {
  const remote: RemoteProfile = {
    endpoint: `${by.url}/introspect`,
    options: { maxBytes: 4096 },
    request: (token) => ({ headers: { 'content-type': 'text/plain' }, body: token }),
    read({ status, json }) {
      if (status !== 200) return { fault: 'issuer_unavailable', detail: `status ${status}` }
      const { ok, machine, may } = json as Answer
      if (!ok) return { active: false, reason: 'token_inactive', detail: 'not ok' }
      return {
        active: true,
        facts: { subject: machine, scopes: may, audience: ['orders'], claims: { machine } },
      }
    },
  }
  return {
    name: 'own',
    provider: 'home-made',
    audience: ['orders'],
    scopeMatcher: (granted, demanded) => granted === demanded,
    opaque: { prefix: 'own_' },
    remote,
    ...parts,
  }
}

/** Custom issuer whose JWTs are verified with configured keys. */
export function signing(by: TestIssuer, parts: Partial<NonNullable<Issuer['jwt']>> = {}): Issuer {
  return {
    name: 'signing',
    provider: 'home-made',
    audience: null,
    scopeMatcher: (granted, demanded) => granted === demanded,
    jwt: {
      issuers: [by.url],
      checked: 'local',
      keys: { kind: 'static', jwks: by.jwks() },
      algorithms: ['ES256'],
      validateHeader: ({ typ }) =>
        typ === 'at+jwt' ? undefined : { reason: 'type_not_allowed', detail: 'typ' },
      readClaims: (claims): TokenFacts => ({
        subject: String(claims['sub']),
        scopes: ['a'],
        audience: [],
        claims,
      }),
      ...parts,
    },
  }
}
