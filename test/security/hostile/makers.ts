import { guard as expressGuard } from '../../../adapters/express.js'
import { authlete, clerk, createVerifier, oauth, stytch } from '../../../src/index.js'

export const SECRET = 'configured-secret-value'
export const right = {
  oauth: { issuer: 'https://issuer.test', audience: 'https://api.test' },
  clerk: { machineSecretKey: `ak_${SECRET}`, jwtAccess: false },
  stytch: { projectId: 'project-live-x' },
  authlete: { serviceId: '42', serviceAccessToken: SECRET, apiUrl: 'https://eu.authlete.test' },
}
export const introspection = { clientId: 'guard', clientSecret: SECRET }

/** Options come from JavaScript and from environments: what is wrong here does not fit the types. */
export const makers = {
  createVerifier: (members: object) => createVerifier({ issuers: [oauth(right.oauth)], ...members }),
  oauth: (members: object) => oauth({ ...right.oauth, ...members }),
  introspection: (members: object) =>
    oauth({ ...right.oauth, introspection: { ...introspection, ...members } }),
  clerk: (members: object) => clerk({ ...right.clerk, ...members } as Parameters<typeof clerk>[0]),
  stytch: (members: object) => stytch({ ...right.stytch, ...members }),
  authlete: (members: object) => authlete({ ...right.authlete, audience: 'x', ...members }),
  policy: (members: object) => createVerifier({ issuers: [oauth(right.oauth)], policy: members }),
  guard: (members: object) => expressGuard(createVerifier({ issuers: [oauth(right.oauth)] }), {}, members),
}
