/** The arrows of the house run one way: adapters, guard, authorize, verifier, issuers, jwt or remote, shared facts. */
const FACTS =
  '^src/(access-token|refusal|claims|scopes|clock|duration|configuration|exchange|single-flight|issuer-events|basic-credentials|stytch-address|authlete-grant-types|awaitable|freeze|token-syntax|redaction|waiting|discovery-document)\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-an-adapter',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^adapters/' },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: '^adapters/([^/]+)\\.ts$' },
      to: { path: '^adapters/', pathNot: '^adapters/$1\\.ts$' },
    },
    {
      name: 'src-imports-jose-and-lru-cache-only',
      comment:
        'Frameworks, Redis and OpenTelemetry are optional: only an adapter imports one, and only its own.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypesNot: ['core', 'local'], pathNot: '^node_modules/(jose|lru-cache)/' },
    },
    {
      name: 'adapters-import-their-own-framework-only',
      severity: 'error',
      from: { path: '^adapters/([^/]+)\\.ts$' },
      to: { dependencyTypesNot: ['core', 'local'], pathNot: '^node_modules/$1/' },
    },
    {
      name: 'facts-know-facts-only',
      severity: 'error',
      from: { path: FACTS },
      to: { path: '^(src|adapters)/', pathNot: FACTS },
    },
    {
      name: 'jwt-and-remote-stand-beside-each-other',
      severity: 'error',
      from: { path: '^src/(jwt|remote)/' },
      to: { path: '^src/', pathNot: `^src/$1/|${FACTS}|^src/issuers/issuer\\.ts$` },
    },
    {
      name: 'issuers-do-not-know-the-verifier',
      severity: 'error',
      from: { path: '^src/issuers/' },
      to: { path: '^src/', pathNot: `^src/(issuers|jwt|remote)/|${FACTS}` },
    },
    {
      name: 'the-contract-of-an-issuer-is-types',
      severity: 'error',
      from: { path: '^src/issuers/issuer\\.ts$' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-verifier-does-not-know-who-asks',
      severity: 'error',
      from: {
        path: '^src/(verifier|checks|freshness|token-cache|known-token|seen-token|policy|standing)\\.ts$',
      },
      to: { path: '^src/(authorize|create-verifier|guard|index|testing)' },
    },
    {
      name: 'only-tests-import-the-test-issuer',
      severity: 'error',
      from: { path: '^(src|adapters)/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'the-public-face-is-for-the-outside',
      severity: 'error',
      from: { path: '^(src|adapters)/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'managing-and-calling-stand-apart-from-guarding',
      severity: 'error',
      from: { path: '^src/(management|client)/', pathNot: '^src/management/stytch-authenticate\\.ts$' },
      to: { path: '^(src|adapters)/', pathNot: `^src/$1/|${FACTS}` },
    },
    {
      name: 'authenticating-a-stytch-token-is-the-verifiers-own-judgement',
      comment:
        'Stytch lists it among its operations; a second judge beside the verifier would differ from it.',
      severity: 'error',
      from: { path: '^src/management/stytch-authenticate\\.ts$' },
      to: {
        path: '^(src|adapters)/',
        pathNot: `^src/management/|^src/(create-verifier|issuers/stytch)\\.ts$|${FACTS}`,
      },
    },
    {
      name: 'the-command-line-stands-on-managing-and-calling',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^(src|adapters)/', pathNot: `^src/cli/|^src/(management|client)/index\\.ts$|${FACTS}` },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { path: '^(src|adapters)/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(src|adapters)/' },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
}
