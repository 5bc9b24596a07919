import { AUDIENCE, JWT, NONE, USER, type Entry } from './entry.js'

export const ENTRIES_E_TO_G: Readonly<Record<string, Entry>> = {
  'Entra ID': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
        sub: '9a1b',
        oid: '9a1b',
        azp: 'billing',
        idtyp: 'app',
        aud: '0f8c1d2e-1111-4222-8333-444455556666',
        roles: ['Orders.Read'],
        ver: '2.0',
      },
    },
    facts: { clientId: 'billing', scopes: ['Orders.Read'], provider: 'entra' },
    refused: {
      'a user': { ...USER, idtyp: 'user', scp: 'access_as_user' },
      'a user without idtyp': { ...USER, idtyp: undefined, scp: 'access_as_user' },
    },
  },
  'Fly.io': {
    machine: {
      header: JWT,
      claims: { iss: 'https://oidc.fly.io/acme', sub: 'acme:billing:m1', aud: AUDIENCE, app_name: 'billing' },
    },
    facts: { subject: 'acme:billing:m1' },
    refused: { 'another app': { app_name: 'playground' } },
  },
  'ForgeRock and PingAM': {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://am.example.org/am/oauth2/realms/root/realms/acme',
        sub: 'billing',
        aud: 'billing',
        client_id: 'billing',
        grant_type: 'client_credentials',
        tokenName: 'access_token',
        scope: ['orders:read'],
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: {
      'a user': { sub: 'alice', grant_type: 'authorization_code' },
      'an ID token': { grant_type: undefined, tokenName: 'id_token', scope: undefined },
    },
  },
  FusionAuth: {
    machine: {
      header: JWT,
      claims: {
        iss: 'acme.example.org',
        sub: '7c1d',
        aud: '5c1d2e3f-1111-4222-8333-444455556666',
        gty: ['client_credentials'],
        permissions: { '5c1d2e3f-1111-4222-8333-444455556666': ['orders:read'] },
      },
    },
    facts: { subject: '7c1d', scopes: ['orders:read'] },
    refused: { 'a user': { gty: ['authorization_code'] } },
  },
  'GitHub Actions': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://token.actions.githubusercontent.com',
        sub: 'repo:acme/orders:environment:production',
        aud: AUDIENCE,
        repository: 'acme/orders',
        repository_owner: 'acme',
        environment: 'production',
        ref: 'refs/heads/main',
      },
    },
    facts: { clientId: 'acme/orders', provider: 'githubActions' },
    refused: {
      'another repository': { repository: 'evil/orders' },
      'a pull request': { sub: 'repo:acme/orders:pull_request', environment: undefined },
    },
  },
  GitLab: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://gitlab.com',
        sub: 'project_path:acme/orders:ref_type:branch:ref:main',
        aud: AUDIENCE,
        project_path: 'acme/orders',
        ref: 'main',
        ref_protected: 'true',
      },
    },
    facts: { clientId: 'acme/orders', provider: 'gitlab' },
    refused: {
      'another project': { project_path: 'evil/orders' },
      'a user who signed in': { ...USER, project_path: undefined, ref: undefined },
      'another branch': { ref: 'feature', ref_protected: 'false' },
    },
  },
  'Google Cloud Run': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://accounts.google.com',
        sub: '1137742',
        azp: '1137742',
        aud: AUDIENCE,
        email: 'billing@acme.iam.gserviceaccount.com',
        email_verified: true,
      },
    },
    facts: { clientId: 'billing@acme.iam.gserviceaccount.com', provider: 'google' },
    refused: {
      'another service account': { email: 'x@evil.iam.gserviceaccount.com' },
      'a person': { email: 'alice@example.com', hd: 'example.com' },
      'no e-mail address': { email: undefined, email_verified: undefined },
    },
  },
  'Google IAP': {
    machine: {
      algorithm: 'ES256',
      header: JWT,
      claims: {
        iss: 'https://cloud.google.com/iap',
        sub: 'accounts.google.com:1137742',
        aud: '/projects/123456789/global/backendServices/987654321',
        email: 'billing@acme.iam.gserviceaccount.com',
      },
    },
    facts: { clientId: 'billing@acme.iam.gserviceaccount.com' },
    refused: { 'a person': { email: 'alice@example.com' } },
  },
  'Google, self-signed': {
    machine: {
      header: JWT,
      claims: {
        iss: 'billing@acme.iam.gserviceaccount.com',
        sub: 'billing@acme.iam.gserviceaccount.com',
        aud: AUDIENCE,
      },
    },
    facts: { subject: 'billing@acme.iam.gserviceaccount.com' },
    refused: { 'another service account': { iss: 'x@evil.iam.gserviceaccount.com' } },
    reason: 'issuer_unknown',
  },
}
