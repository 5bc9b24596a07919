import { AUDIENCE, JWT, NONE, USER, type Entry } from './entry.js'

export const ENTRIES_H_TO_Z: Readonly<Record<string, Entry>> = {
  'HCP Terraform': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://app.terraform.io',
        sub: 'organization:acme:project:p:workspace:orders-production:run_phase:apply',
        aud: AUDIENCE,
        terraform_organization_name: 'acme',
        terraform_workspace_name: 'orders-production',
        terraform_run_phase: 'apply',
      },
    },
    facts: { subject: 'organization:acme:project:p:workspace:orders-production:run_phase:apply' },
    refused: {
      'another organization': { terraform_organization_name: 'x' },
      'a plan': { terraform_run_phase: 'plan' },
    },
  },
  Keycloak: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://sso.example.org/realms/acme',
        sub: '4f9b',
        typ: 'Bearer',
        azp: 'billing',
        aud: ['orders', 'account'],
        scope: 'profile email',
        preferred_username: 'service-account-billing',
        client_id: 'billing',
        resource_access: { orders: { roles: ['orders:read'] }, account: { roles: ['view-profile'] } },
      },
    },
    facts: { clientId: 'billing', scopes: ['profile', 'email', 'orders:read'], provider: 'keycloak' },
    refused: { 'a user': { client_id: undefined, preferred_username: 'alice', sid: '9d3c' } },
  },
  'Keycloak, lightweight tokens': {
    introspected: 'jwt',
    machine: {
      header: JWT,
      claims: {
        iss: 'https://sso.example.org/realms/acme',
        sub: '4f9b',
        typ: 'Bearer',
        azp: 'billing',
        client_id: 'billing',
        aud: 'orders',
        username: 'service-account-billing',
        scope: 'profile',
        resource_access: { orders: { roles: ['orders:read'] } },
      },
    },
    facts: { clientId: 'billing', scopes: ['profile', 'orders:read'] },
    refused: { 'a user': { username: 'alice' } },
  },
  Kinde: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://acme.kinde.com',
        sub: undefined,
        azp: 'billing',
        aud: [AUDIENCE],
        gty: ['client_credentials'],
        scope: 'orders:read',
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: { 'a user': { ...USER, gty: undefined } },
  },
  Kubernetes: {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE',
        sub: 'system:serviceaccount:billing:invoices',
        aud: [AUDIENCE],
        'kubernetes.io': { namespace: 'billing', serviceaccount: { name: 'invoices', uid: '1' } },
      },
    },
    facts: { subject: 'system:serviceaccount:billing:invoices', provider: 'kubernetes' },
    refused: { 'another service account': { sub: 'system:serviceaccount:default:default' } },
  },
  Logto: {
    machine: {
      algorithm: 'ES384',
      header: { typ: 'at+jwt' },
      claims: {
        iss: 'https://acme.logto.app/oidc',
        sub: 'm2m-billing',
        client_id: 'm2m-billing',
        aud: AUDIENCE,
        scope: 'orders:read',
      },
    },
    facts: { clientId: 'm2m-billing', scopes: ['orders:read'] },
    refused: { 'a user': { sub: 'u1', client_id: 'web' } },
  },
  Okta: {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://acme.okta.com/oauth2/default',
        ver: 1,
        sub: '0oa1',
        cid: '0oa1',
        aud: 'api://default',
        scp: ['orders:read'],
      },
    },
    facts: { clientId: '0oa1', scopes: ['orders:read'], provider: 'okta' },
    refused: { 'a user': { sub: 'alice@example.com', uid: '00u1' } },
  },
  'Ory Hydra': {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://hydra.example.org',
        sub: 'billing',
        client_id: 'billing',
        aud: [AUDIENCE],
        scp: ['orders:read'],
        ext: {},
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: { 'a user of another client': { sub: 'u1', client_id: 'web' } },
  },
  'Ory Hydra, opaque tokens': {
    introspected: 'opaque',
    machine: {
      claims: {
        iss: 'https://hydra.example.org',
        sub: 'billing',
        client_id: 'billing',
        aud: [AUDIENCE],
        scope: 'orders:read',
        token_use: 'access_token',
        token_type: 'Bearer',
        ext: null,
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: { 'a user of another client': { sub: 'u1', client_id: 'web' } },
  },
  'Ory Network': {
    introspected: 'opaque',
    machine: {
      claims: {
        iss: 'https://acme.projects.oryapis.com',
        sub: 'billing',
        client_id: 'billing',
        aud: [AUDIENCE],
        scope: 'orders:read',
        token_use: 'access_token',
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: { 'a user of another client': { sub: 'u1', client_id: 'web' } },
  },
  PingFederate: {
    machine: {
      header: NONE,
      claims: {
        iss: 'PingFederate acme',
        sub: undefined,
        client_id: 'billing',
        aud: 'orders',
        scope: 'orders:read',
      },
    },
    facts: { clientId: 'billing', scopes: ['orders:read'] },
    refused: { 'a user of another client': { sub: 'u1', client_id: 'web' } },
  },
  PingOne: {
    machine: {
      header: NONE,
      claims: {
        iss: 'https://auth.pingone.eu/11111111-2222-3333-4444-555555555555/as',
        sub: undefined,
        client_id: '99999999-8888-7777-6666-555555555555',
        aud: [AUDIENCE],
        scope: 'orders:read',
      },
    },
    facts: { clientId: '99999999-8888-7777-6666-555555555555', scopes: ['orders:read'] },
    refused: { 'a user of another application': { sub: 'u1', client_id: 'web' } },
  },
  SPIFFE: {
    machine: {
      header: { typ: 'JOSE' },
      claims: { iss: undefined, sub: 'spiffe://prod.acme.internal/ns/billing/sa/invoices', aud: [AUDIENCE] },
    },
    facts: {
      subject: 'spiffe://prod.acme.internal/ns/billing/sa/invoices',
      issuer: 'spiffe://prod.acme.internal',
    },
    refused: { 'another id': { sub: 'spiffe://prod.acme.internal/ns/default/sa/default' } },
  },
  'Spring Authorization Server': {
    machine: {
      header: NONE,
      claims: { iss: 'https://auth.example.org', sub: 'billing', aud: 'billing', scope: ['orders.read'] },
    },
    facts: { subject: 'billing', scopes: ['orders.read'] },
    refused: { 'a user': { sub: 'alice' }, 'an ID token': { scope: undefined, azp: 'billing' } },
  },
  Vercel: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://oidc.vercel.com/acme',
        sub: 'owner:acme:project:storefront:environment:production',
        aud: 'https://vercel.com/acme',
        owner: 'acme',
        project: 'storefront',
        environment: 'production',
      },
    },
    facts: { subject: 'owner:acme:project:storefront:environment:production' },
    refused: { 'a preview': { environment: 'preview' }, 'another project': { project: 'x' } },
  },
  WorkOS: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://acme.authkit.app',
        sub: 'client_01HXEXAMPLEBILLING',
        aud: 'client_01HXEXAMPLEBILLING',
        org_id: 'org_1',
      },
    },
    facts: { subject: 'client_01HXEXAMPLEBILLING' },
    refused: { 'a user': { sub: 'user_01', sid: 'session_01' } },
  },
  Zitadel: {
    machine: {
      header: JWT,
      claims: {
        iss: 'https://acme.zitadel.cloud',
        sub: '2526',
        client_id: 'billing',
        aud: ['252648000000000001', '252648000000000009'],
        'urn:zitadel:iam:org:project:roles': { 'orders.read': { '111': 'acme.zitadel.cloud' } },
      },
    },
    facts: { clientId: 'billing', scopes: ['orders.read'] },
    refused: { 'a user': { client_id: '252648000000000009@web' } },
  },
  'Zitadel, introspection': {
    introspected: 'opaque',
    machine: {
      claims: {
        iss: 'https://acme.zitadel.cloud',
        sub: '2526',
        client_id: 'billing',
        aud: ['252648000000000001'],
        username: 'billing',
        scope: 'openid',
        token_type: 'Bearer',
      },
    },
    facts: { clientId: 'billing', scopes: ['openid'] },
    refused: { 'a user': { username: 'alice' } },
  },
}
