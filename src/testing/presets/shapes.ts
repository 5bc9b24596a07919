import { ISSUERS, ROLES_CLIENT, TENANT, type PresetName } from './names.js'

type Claims = Readonly<Record<string, unknown>>

/** What a token is to say, before it has the form of a preset. */
interface ShapeInput {
  /** Id of the machine in the form of the preset's options, or the client that acts for the person. */
  readonly client: string
  readonly scopes: readonly string[]
  /** The `aud` claim; `undefined` omits it. */
  readonly audience: string | readonly string[] | undefined
}

/** Form of a preset's tokens, without times, `iss` and `aud`. */
interface Shape {
  /** Header parameters besides `alg` and `kid`. */
  readonly header?: Claims
  readonly machine: (input: ShapeInput) => Claims
  /** Token of a person of the same issuer; where there are none, of an identity that a person controls. */
  readonly person: (input: ShapeInput) => Claims
  readonly hasScopes: boolean
}

const JWT = { typ: 'JWT' }
const PERSON = '4f9b1c7e-2c41-4d7c-8d0e-7a1f5e3b9c62'
const EMAIL = 'alice@example.com'

const scope = ({ scopes }: ShapeInput): string => scopes.join(' ')
const numericId = '113774264463038321964'

/** Claims of a CI job of GitHub or GitLab, whose repository is the machine. */
const githubJob = (repository: string): Claims => ({
  sub: `repo:${repository}:ref:refs/heads/main`,
  repository,
  repository_owner: repository.split('/')[0],
  ref: 'refs/heads/main',
  ref_type: 'branch',
  event_name: 'push',
  workflow: 'deploy',
  job_workflow_ref: `${repository}/.github/workflows/deploy.yml@refs/heads/main`,
  runner_environment: 'github-hosted',
})

const gitlabJob = (project: string): Claims => ({
  sub: `project_path:${project}:ref_type:branch:ref:main`,
  project_path: project,
  namespace_path: project.slice(0, project.lastIndexOf('/')),
  ref: 'main',
  ref_type: 'branch',
  ref_protected: 'true',
  pipeline_source: 'push',
  user_login: 'alice',
})

/** Claims of a Kubernetes service account `namespace/name`. */
function serviceAccount(account: string): Claims {
  const [namespace = '', name = ''] = account.split('/')
  return {
    sub: `system:serviceaccount:${namespace}:${name}`,
    'kubernetes.io': { namespace, serviceaccount: { name, uid: PERSON } },
  }
}

/** The form of each preset's tokens, as the vendors document it. */
export const SHAPES: Readonly<Record<PresetName, Shape>> = {
  auth0: {
    header: JWT,
    hasScopes: true,
    machine: (input) => ({
      sub: `${input.client}@clients`,
      azp: input.client,
      gty: 'client-credentials',
      scope: scope(input),
      permissions: input.scopes,
    }),
    person: (input) => ({
      sub: 'auth0|65f0c2a9d1b7e4',
      azp: input.client,
      scope: ['openid', 'profile', ...input.scopes].join(' '),
      permissions: input.scopes,
    }),
  },
  cloudflareAccess: {
    hasScopes: false,
    machine: ({ client }) => ({ sub: '', type: 'app', common_name: client }),
    person: () => ({
      sub: PERSON,
      type: 'app',
      email: EMAIL,
      identity_nonce: '6ei69kawdKzMIAPF',
      country: 'DE',
    }),
  },
  cognito: {
    hasScopes: true,
    machine: (input) => ({
      sub: input.client,
      client_id: input.client,
      token_use: 'access',
      scope: scope(input),
      version: 2,
    }),
    person: (input) => ({
      sub: PERSON,
      client_id: input.client,
      username: 'alice',
      token_use: 'access',
      scope: scope(input),
      version: 2,
    }),
  },
  entra: {
    header: JWT,
    hasScopes: true,
    machine: ({ client, scopes }) => ({
      sub: PERSON,
      oid: PERSON,
      azp: client,
      azpacr: '1',
      idtyp: 'app',
      roles: scopes,
      tid: TENANT,
      ver: '2.0',
    }),
    person: ({ client, scopes }) => ({
      sub: 'AbCdEfPairwiseSubjectOfAlice',
      oid: PERSON,
      azp: client,
      azpacr: '1',
      idtyp: 'user',
      name: 'Alice',
      preferred_username: EMAIL,
      scp: 'access_as_user',
      roles: scopes,
      tid: TENANT,
      ver: '2.0',
    }),
  },
  githubActions: {
    header: JWT,
    hasScopes: false,
    machine: ({ client }) => githubJob(client),
    person: () => githubJob('alice/experiments'),
  },
  gitlab: {
    header: JWT,
    hasScopes: false,
    machine: ({ client }) => gitlabJob(client),
    person: () => ({ sub: '4242', preferred_username: 'alice', email: EMAIL, email_verified: true }),
  },
  google: {
    header: JWT,
    hasScopes: false,
    machine: ({ client }) => ({ sub: numericId, azp: numericId, email: client, email_verified: true }),
    person: () => ({
      sub: '104',
      azp: '32555940559.apps',
      email: EMAIL,
      email_verified: true,
      hd: 'example.com',
    }),
  },
  keycloak: {
    header: JWT,
    hasScopes: true,
    machine: ({ client, scopes }) => ({
      sub: PERSON,
      typ: 'Bearer',
      azp: client,
      acr: '1',
      realm_access: { roles: ['offline_access', 'default-roles-test'] },
      resource_access: { [ROLES_CLIENT]: { roles: scopes } },
      scope: 'profile email',
      preferred_username: `service-account-${client.toLowerCase()}`,
      client_id: client,
      clientHost: '10.0.0.7',
      clientAddress: '10.0.0.7',
      email_verified: false,
    }),
    person: ({ client, scopes }) => ({
      sub: PERSON,
      typ: 'Bearer',
      azp: client,
      sid: '9d3c7e10-4a52-4f0b-8a6b-1f2e3d4c5b6a',
      acr: '1',
      realm_access: { roles: ['offline_access', 'default-roles-test'] },
      resource_access: { [ROLES_CLIENT]: { roles: scopes } },
      scope: 'profile email',
      name: 'Alice',
      preferred_username: 'alice',
      email: EMAIL,
      email_verified: true,
    }),
  },
  kubernetes: {
    hasScopes: false,
    machine: ({ client }) => serviceAccount(client),
    person: () => ({ sub: EMAIL, groups: ['system:authenticated'] }),
  },
  okta: {
    hasScopes: true,
    machine: ({ client, scopes }) => ({ ver: 1, sub: client, cid: client, scp: scopes }),
    person: ({ client, scopes }) => ({
      ver: 1,
      sub: EMAIL,
      uid: '00u1alice2example3',
      cid: client,
      scp: scopes,
    }),
  },
  spiffe: {
    header: JWT,
    hasScopes: false,
    machine: ({ client }) => ({ sub: client }),
    person: ({ client }) => ({ sub: `${client.split('/').slice(0, 3).join('/')}/user/alice` }),
  },
}

/** Returns the `iss` claim of a preset's tokens, as a member to spread. */
export function issuerClaim(preset: PresetName): Claims {
  return preset === 'spiffe' ? {} : { iss: ISSUERS[preset] }
}
