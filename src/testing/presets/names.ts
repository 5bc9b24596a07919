/** Preset of `m2m-guard/issuers` whose tokens the test issuer mints. */
export type PresetName =
  | 'auth0'
  | 'cloudflareAccess'
  | 'cognito'
  | 'entra'
  | 'githubActions'
  | 'gitlab'
  | 'google'
  | 'keycloak'
  | 'kubernetes'
  | 'okta'
  | 'spiffe'

/** Every preset. */
export const PRESETS: readonly PresetName[] = [
  'auth0',
  'cloudflareAccess',
  'cognito',
  'entra',
  'githubActions',
  'gitlab',
  'google',
  'keycloak',
  'kubernetes',
  'okta',
  'spiffe',
]

/** Names that the test issuer has at each vendor. They have the vendor's form and lead nowhere. */
export const TENANT = '5d3ae1f0-8c1b-4c55-9a3e-0f6f7a2f4c10'
export const USER_POOL = 'eu-central-1_TestPool1'
export const TRUST_DOMAIN = 'test.internal'
export const CLUSTER = 'https://kubernetes.default.svc.cluster.local'
export const ROLES_CLIENT = 'orders'

/** The `iss` of each preset's tokens; absent for SPIFFE, whose tokens need none. */
export const ISSUERS: Readonly<Record<Exclude<PresetName, 'spiffe'>, string>> = {
  auth0: 'https://test.eu.auth0.com/',
  cloudflareAccess: 'https://test.cloudflareaccess.com',
  cognito: `https://cognito-idp.eu-central-1.amazonaws.com/${USER_POOL}`,
  entra: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  githubActions: 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
  google: 'https://accounts.google.com',
  keycloak: 'https://keycloak.test/realms/test',
  kubernetes: CLUSTER,
  okta: 'https://test.okta.com/oauth2/default',
}

/** The machine that each preset's tokens name by default, and that the options of the preset accept. */
export const MACHINES: Readonly<Record<PresetName, string>> = {
  auth0: 'billing',
  cloudflareAccess: '0c5e7a1b2d3f4a5b6c7d8e9f0a1b2c3d.access',
  cognito: '7h3k0billing1example',
  entra: '8b1f6d52-3c0a-4f0e-9d55-2b7a4c9e1f33',
  githubActions: 'acme/billing',
  gitlab: 'acme/billing',
  google: 'billing@test.iam.gserviceaccount.com',
  keycloak: 'billing',
  kubernetes: 'billing/invoices',
  okta: '0oa1billing2example3',
  spiffe: `spiffe://${TRUST_DOMAIN}/ns/billing/sa/invoices`,
}
