/**
 * Each folder may import itself and the folders below it in this list; nothing else.
 * A folder that is not named here fails the check ("every-folder-has-a-floor").
 */
const MAY_IMPORT = {
  util: [],
  options: ['util'],
  http: ['util'],
  model: ['util', 'options'],
  bearer: ['util', 'model'],
  policy: ['util', 'options', 'model'],
  keys: ['util', 'options', 'http', 'model'],
  jwt: ['util', 'http', 'model'],
  // A store that several processes share: introspection results of the verifier and tokens of the client.
  store: ['util', 'options'],
  introspection: ['util', 'options', 'http', 'model', 'store'],
  telemetry: ['util', 'model'],
  // Shared by the three folders that call issuers as a client: providers, client and management.
  authentication: ['util', 'options', 'http', 'model'],
  revocation: ['util', 'options', 'http', 'model', 'jwt', 'keys', 'telemetry'],
  providers: ['util', 'options', 'http', 'model', 'authentication', 'jwt', 'keys', 'introspection'],
  verifier: [
    'util',
    'options',
    // Only the transport of an issuer, which its keys and its introspection share: see "verifier-imports-the-transport-only".
    'http',
    'model',
    'bearer',
    'policy',
    'jwt',
    'keys',
    'introspection',
    'telemetry',
    'revocation',
    'store',
  ],
  metrics: ['util', 'options', 'model', 'verifier', 'client'],
  guard: ['util', 'options', 'model', 'bearer', 'policy', 'verifier'],
  // Only the syntax shared with the verifier: see "clients-use-syntax-of-the-model-only".
  client: ['util', 'options', 'http', 'model', 'telemetry', 'store', 'authentication', 'providers'],
  // Only RFC 7662, which both speak: see "management-shares-rfc7662-only".
  management: [
    'util',
    'options',
    'http',
    'model',
    'authentication',
    'introspection',
    'providers',
    'verifier',
  ],
  testing: ['util', 'options', 'model', 'providers', 'verifier'],
  cli: [
    'util',
    'options',
    'http',
    'model',
    'authentication',
    'keys',
    'introspection',
    'policy',
    'telemetry',
    'client',
    'management',
    'testing',
    'verifier',
    'providers',
    'revocation',
  ],
}

/** What an adapter of a framework may import of src, and the other adapters. */
const OF_FRAMEWORKS = ['util', 'options', 'model', 'bearer', 'policy', 'revocation', 'verifier', 'guard']
const OF_METRICS = ['util', 'options', 'model', 'verifier', 'client', 'metrics']
const ADAPTERS_MAY_IMPORT = {
  redis: ['util', 'options', 'store', 'revocation'],
  opentelemetry: OF_METRICS,
  prometheus: OF_METRICS,
}
const OTHER_ADAPTERS = `(?!(?:${Object.keys(ADAPTERS_MAY_IMPORT).join('|')})[/.])[^/.]+`

/** The command line is an application: it uses the adapter of Redis as others do. Nothing else in src imports an adapter. */
const ADAPTERS_OF = { cli: '|^adapters/redis[./]' }
const UNKNOWN_FOLDER = {
  path: '^src/',
  pathNot: `^src/(index\\.ts$|(${Object.keys(MAY_IMPORT).join('|')})/)`,
}
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to })

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true }),
    ...Object.entries(MAY_IMPORT).map(([folder, below]) =>
      rule(
        `src-${folder}-imports-only-what-is-below-it`,
        { path: `^src/${folder}/` },
        {
          path: '^(src|adapters)/',
          pathNot: `^src/(${[folder, ...below].join('|')})/${ADAPTERS_OF[folder] ?? ''}`,
        },
      ),
    ),
    // Both rules are necessary: nothing imports the folder of a new entry point.
    rule('every-folder-has-a-floor', {}, UNKNOWN_FOLDER),
    rule('every-folder-that-imports-has-a-floor', UNKNOWN_FOLDER, {}),
    ...Object.entries({ ...ADAPTERS_MAY_IMPORT, [OTHER_ADAPTERS]: OF_FRAMEWORKS }).map(([adapter, below]) =>
      rule(
        `adapters-${adapter in ADAPTERS_MAY_IMPORT ? adapter : 'of-frameworks'}-import-only-what-they-adapt`,
        { path: `^adapters/${adapter}[/.]` },
        { path: '^src/', pathNot: `^src/(${below.join('|')})/` },
      ),
    ),
    rule('nothing-imports-the-public-exports', { path: '^(src|adapters)/' }, { path: '^src/index\\.ts$' }),
    rule(
      'verifier-imports-the-transport-only',
      { path: '^src/verifier/' },
      { path: '^src/http/', pathNot: '^src/http/transport/transport\\.ts$' },
    ),
    rule(
      'client-imports-only-api-urls-of-providers',
      { path: '^src/client/' },
      { path: '^src/providers/', pathNot: '^src/providers/[a-z]+/api-url\\.ts$' },
    ),
    rule(
      'clients-use-syntax-of-the-model-only',
      { path: '^src/client/' },
      {
        path: '^src/model/',
        pathNot: '^src/model/(scopes|key/algorithms|key/private-key|token-digest|token-source-event)\\.ts$',
      },
    ),
    rule(
      'management-shares-rfc7662-only',
      { path: '^src/management/' },
      { path: '^src/introspection/', pathNot: '^src/introspection/rfc7662\\.ts$' },
    ),
    rule(
      'only-authenticate-token-imports-the-verifier',
      { path: '^src/management/', pathNot: '^src/management/stytch/authenticate-token\\.ts$' },
      { path: '^src/verifier/' },
    ),
    rule(
      'src-imports-jose-and-lru-cache-only',
      { path: '^src/' },
      { dependencyTypesNot: ['core', 'local'], pathNot: '(^|/)node_modules/(jose|lru-cache)/' },
    ),
    rule(
      'only-the-loader-imports-jose',
      { path: '^src/', pathNot: '^src/util/load-jose\\.ts$' },
      { path: '(^|/)node_modules/jose/', dependencyTypesNot: ['type-only'] },
      'Loaded with the first token that needs it.',
    ),
    rule(
      'adapters-import-their-own-library-only',
      { path: '^adapters/([^/.]+)[/.]' },
      { dependencyTypesNot: ['core', 'local'], pathNot: '(^|/)node_modules/@?$1/' },
    ),
    rule(
      'adapters-do-not-import-each-other',
      { path: '^adapters/([^/.]+)[/.]' },
      { path: '^adapters/', pathNot: '^adapters/$1[/.]' },
    ),
    rule('no-orphans', { orphan: true, path: '^(src|adapters)/' }, {}),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
}
