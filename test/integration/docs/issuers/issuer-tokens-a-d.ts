import { AUDIENCE, JWT, NONE, USER, type Entry } from './entry.js'

export const ENTRIES_A_TO_D: Readonly<Record<string, Entry>> = {
  Auth0: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://acme.eu.auth0.com/',
        sub: 'billing@clients',
        aud: AUDIENCE,
        azp: 'billing',
        gty: 'client-credentials',
        scope: 'orders:read',
        permissions: ['orders:read'],
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'], provider: 'auth0' },
    refused: { 'a user': { gty: undefined, sub: 'auth0|65f0' } },
  },
  authentik: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://sso.example.org/application/o/billing/',
        sub: '3b1f',
        aud: 'billing-client-id',
        azp: 'billing-client-id',
        uid: 'kq2',
        preferred_username: 'ak-billing-client_credentials',
      },
    },
    facts: { clientId: 'billing-client-id' },
    refused: {
      'a user': { preferred_username: 'alice' },
      'no scope profile': { preferred_username: undefined },
    },
  },
  'Azure AD B2C': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://acme.b2clogin.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0/',
        sub: '9a1b',
        aud: '0f8c1d2e-1111-4222-8333-444455556666',
        azp: '99999999-8888-7777-6666-555555555555',
        azpacr: '1',
        roles: ['Orders.Read'],
      },
    },
    facts: { clientId: '99999999-8888-7777-6666-555555555555', scopes: ['Orders.Read'] },
    refused: {
      'a user': { ...USER, azp: 'web', tfp: 'B2C_1_signin', scp: 'access', roles: undefined },
      'a user with roles': { ...USER, azp: 'web', tfp: 'B2C_1_signin', scp: 'access' },
      'an application without roles': { roles: undefined },
    },
    checked: { 'a user of the same application with roles': { ...USER, tfp: 'B2C_1_signin', scp: 'access' } },
  },
  'Bitbucket Pipelines': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc',
        sub: '{9999}:{1111}',
        aud: 'ari:cloud:bitbucket::workspace/11111111-2222-3333-4444-555555555555',
        repositoryUuid: '{99999999-8888-7777-6666-555555555555}',
      },
    },
    facts: { subject: '{9999}:{1111}' },
    refused: { 'another repository': { repositoryUuid: '{00000000-8888-7777-6666-555555555555}' } },
  },
  Buildkite: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://agent.buildkite.com',
        sub: 'organization:acme:pipeline:deploy-orders:ref:refs/heads/main',
        aud: AUDIENCE,
        organization_slug: 'acme',
        pipeline_slug: 'deploy-orders',
        build_branch: 'main',
      },
    },
    facts: { subject: 'organization:acme:pipeline:deploy-orders:ref:refs/heads/main' },
    refused: {
      'another organization': { organization_slug: 'evil' },
      'another pipeline': { pipeline_slug: 'x' },
    },
  },
  CircleCI: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://oidc.circleci.com/org/0a1b2c3d-1111-4222-8333-444455556666',
        sub: 'org/0a1b/project/aaaa/user/1',
        aud: '0a1b2c3d-1111-4222-8333-444455556666',
        'oidc.circleci.com/project-id': 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      },
    },
    facts: { subject: 'org/0a1b/project/aaaa/user/1' },
    refused: { 'another project': { 'oidc.circleci.com/project-id': 'b' } },
  },
  'Cloudflare Access': {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://acme.cloudflareaccess.com',
        sub: '',
        type: 'app',
        aud: ['32eafc7626e737a3f9c8f4a5b1d2c3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0'],
        common_name: '88bf3b6d86161464f6509f7219099e57.access',
      },
    },
    facts: { clientId: '88bf3b6d86161464f6509f7219099e57.access', provider: 'cloudflareAccess' },
    refused: {
      'a user': { ...USER, common_name: undefined, identity_nonce: '6ei' },
      'another service token': { common_name: 'x.access' },
    },
  },
  Cognito: {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI',
        sub: '7h3k0example1billing',
        client_id: '7h3k0example1billing',
        aud: undefined,
        token_use: 'access',
        scope: 'orders/read',
        version: 2,
      },
    },
    facts: { clientId: '7h3k0example1billing', scopes: ['orders/read'], provider: 'cognito' },
    refused: {
      'a user': { sub: '4f9b1c7e', username: 'alice' },
      'another app client': { sub: 'other', client_id: 'other' },
    },
  },
  'Duende IdentityServer': {
    machine: {
      header: { typ: 'at+jwt' },
      claims: {
        iss: 'https://identity.example.org',
        sub: undefined,
        client_id: 'billing',
        client_kind: 'machine',
        aud: 'orders',
        scope: ['orders.read'],
      },
    },
    facts: { clientId: 'billing', subject: 'billing', scopes: ['orders.read'] },
    refused: { 'a user': { ...USER, client_kind: undefined } },
  },
}
