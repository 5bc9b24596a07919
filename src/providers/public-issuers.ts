import type { ClaimRule } from '../model/claim-rule.js'
import { ConfigurationError } from '../options/configuration-error.js'

/** Issuer that everyone shares: anyone can obtain a token of it with any audience, so that the audience proves nothing. */
interface PublicIssuer {
  /** Name for messages. */
  readonly name: string
  /** Preset that requires the callers; `undefined` if there is none. */
  readonly preset: string | undefined
  /** Claims that name the caller, the one to recommend first. */
  readonly callerClaims: readonly string[]
  /** Value of the first of these claims, as an example. */
  readonly example: string
}

const GOOGLE: PublicIssuer = {
  name: 'Google',
  preset: 'google({ audience, serviceAccounts })',
  callerClaims: ['email', 'sub', 'azp', 'hd'],
  example: 'billing@my-project.iam.gserviceaccount.com',
}

const HCP_TERRAFORM: PublicIssuer = {
  name: 'HCP Terraform',
  preset: undefined,
  callerClaims: [
    ...['terraform_organization_id', 'terraform_organization_name', 'terraform_project_id'],
    ...['terraform_workspace_id', 'terraform_stack_id', 'sub'],
  ],
  example: 'org-GRNbCjYNpBB6NEBH',
}

const PULUMI = bySubject('Pulumi', 'the sub of your environment or stack')

/**
 * The known public shared issuers, by the host and path of their issuer identifier. Issuers with a path or a host for each
 * organization, such as CircleCI or Bitbucket, are not among them, because their `iss` names the organization.
 */
const PUBLIC_ISSUERS = new Map<string, PublicIssuer>([
  ['accounts.google.com', GOOGLE],
  [
    'token.actions.githubusercontent.com',
    {
      name: 'GitHub Actions',
      preset: 'githubActions({ audience, repositories })',
      callerClaims: [
        ...['repository', 'repository_id', 'repository_owner', 'repository_owner_id', 'sub'],
        ...['enterprise', 'enterprise_id'],
      ],
      example: 'my-org/my-repository',
    },
  ],
  [
    'gitlab.com',
    {
      name: 'GitLab.com',
      preset: 'gitlab({ audience, projects })',
      callerClaims: [
        'project_path',
        'project_id',
        'namespace_path',
        'namespace_id',
        'sub',
        'user_id',
        'user_login',
      ],
      example: 'my-group/my-project',
    },
  ],
  [
    'agent.buildkite.com',
    {
      name: 'Buildkite',
      preset: undefined,
      callerClaims: ['organization_slug', 'organization_id', 'pipeline_id', 'sub'],
      example: 'my-organization',
    },
  ],
  ['app.terraform.io', HCP_TERRAFORM],
  ['app.eu.terraform.io', HCP_TERRAFORM],
  [
    'oidc.codefresh.io',
    {
      name: 'Codefresh',
      preset: undefined,
      callerClaims: ['account_id', 'pipeline_id', 'sub'],
      example: '628a80b693a15c0f9c13ab75',
    },
  ],
  ['api.pulumi.com/oidc', PULUMI],
  ['api.pulumi.com/oidc/v2', PULUMI],
  [
    'oidc.vercel.com',
    {
      name: 'Vercel',
      preset: undefined,
      callerClaims: ['owner', 'owner_id', 'project_id', 'sub'],
      example: 'my-team',
    },
  ],
  [
    'token.builds.bitrise.io',
    {
      name: 'Bitrise',
      preset: undefined,
      // The claims about the repository are not among them, because everyone can add a public repository as an app.
      callerClaims: ['app_slug', 'workspace_slug', 'sub'],
      example: 'the slug of your app',
    },
  ],
  [
    'oidc.cirrus-ci.com',
    {
      name: 'Cirrus CI',
      preset: undefined,
      callerClaims: ['owner', 'repository', 'owner_id', 'repository_id', 'sub'],
      example: 'my-organization',
    },
  ],
  [
    'issuer.enforce.dev',
    { name: 'Chainguard', preset: undefined, callerClaims: ['sub'], example: 'the id of your identity' },
  ],
  [
    'oauth2.sigstore.dev/auth',
    { name: 'Sigstore', preset: undefined, callerClaims: ['email', 'sub'], example: 'ci@example.com' },
  ],
  ['scalr.io', bySubject('Scalr', 'account:my-account:environment:production:workspace:orders')],
  ['studio.datachain.ai/api', bySubject('DVC Studio', 'the sub of your team')],
  ['tokens.cloud.shisho.dev', bySubject('Shisho Cloud', 'the sub of your job')],
  ['proidc.upbound.io', bySubject('Upbound', 'the sub of your control plane')],
])

/** A public shared issuer of which only the subject is documented to name the tenant. */
function bySubject(name: string, example: string): PublicIssuer {
  return { name, preset: undefined, callerClaims: ['sub'], example }
}

/** Options of an issuer that decide about its callers. */
export interface CallerSettings {
  readonly issuer: string
  readonly claims: readonly ClaimRule[] | undefined
  readonly anyCaller: boolean
}

/**
 * Refuses a public shared issuer whose callers are not restricted.
 *
 * @throws ConfigurationError that names `claims`, the preset and `anyCaller`.
 */
export function assertCallersRestricted({ issuer, claims, anyCaller }: CallerSettings): void {
  const known = PUBLIC_ISSUERS.get(keyOf(issuer))
  if (known === undefined) return
  const caller = claims?.find(({ path: [first = ''] }) => known.callerClaims.includes(first))
  if (caller === undefined && !anyCaller) throw new ConfigurationError('oauth.claims', advice(known))
  if (caller !== undefined && anyCaller)
    throw new ConfigurationError(
      'oauth.anyCaller',
      `contradicts oauth.claims, which restricts the callers by ${caller.name}. Leave one of the two out`,
    )
}

function advice({ name, preset, callerClaims, example }: PublicIssuer): string {
  const [first = ''] = callerClaims
  const alternative = preset === undefined ? '' : `, or use ${preset} of m2m-guard/issuers`
  return (
    `must name the callers, because anyone can obtain a token of ${name} with any audience. ` +
    `Write claims: { ${first}: '${example}' }${alternative}. A rule must be about one of ${callerClaims.join(', ')}. ` +
    'Set anyCaller: true to accept tokens of anyone, for example if a policy restricts the callers'
  )
}

/** Host and path of an issuer identifier, which may be written without a scheme. */
function keyOf(issuer: string): string {
  return issuer
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '')
}
