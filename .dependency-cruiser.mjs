/**
 * Who may import whom inside src, lowest first: `recovery`, `stats` and `events` stand on `deliveries → webhooks → egress`, and
 * these on what knows requests, the document and the database. A folder that is not listed here may not exist; a folder never
 * imports one that does not stand in its list. What has to go against the direction goes through a port
 * (see src/webhooks/delivery-control.ts).
 */
const BASE = ['config', 'common'];
const API = ['openapi', 'http', ...BASE];
const STORED = ['idempotency', 'auth', 'database', 'metrics', ...API];
const MAY_IMPORT = {
  common: [],
  config: ['common'],
  metrics: BASE,
  workers: BASE,
  http: BASE,
  openapi: ['http', ...BASE],
  database: BASE,
  idempotency: ['database', ...API],
  auth: ['database', ...API],
  egress: ['metrics', ...BASE],
  reads: ['auth', 'database', 'metrics', ...API],
  audit: ['reads', 'auth', 'database', ...API],
  administration: ['audit', 'reads', 'auth', 'database', ...API],
  webhooks: ['egress', 'administration', 'audit', 'reads', ...STORED],
  deliveries: ['webhooks', 'egress', 'audit', 'reads', ...STORED],
  recovery: ['deliveries', 'webhooks', 'audit', 'reads', ...STORED],
  stats: ['deliveries', 'webhooks', 'reads', ...STORED],
  events: ['deliveries', 'webhooks', 'audit', 'reads', ...STORED],
  operations: ['events', 'deliveries', 'webhooks', 'administration', ...STORED],
  erasure: ['database', ...BASE],
  observability: ['events', 'deliveries', 'auth', 'database', 'metrics', 'workers', ...API],
};

const FOLDERS = Object.keys(MAY_IMPORT);

const directions = Object.entries(MAY_IMPORT).map(([folder, below]) => ({
  name: `direction-${folder}`,
  comment: `src/${folder} may import ${below.length > 0 ? below.join(', ') : 'nothing else of src'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|test|scripts|bench)/', pathNot: `^src/(${[folder, ...below].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...directions,
    {
      name: 'known-folders',
      comment: 'A new folder of src states its direction in MAY_IMPORT first.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: `^src/(${FOLDERS.join('|')})/` },
    },
    {
      name: 'migrations-stand-alone',
      comment: 'A migration says what it did then; code that changes later must not change it.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|test|scripts|bench)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'undici-only-in-egress',
      comment: 'Only src/egress opens outgoing sockets: whoever sends goes through its guarded agent.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/egress/' },
      to: { path: '(^|node_modules/)undici(/|$)' },
    },
    {
      name: 'sockets-only-in-egress',
      comment:
        'No other client either: node:http, https, http2, tls and dns are for src/egress (their types are free), and for the server that has the port while the application starts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(egress/|http/starting-server\\.ts$)' },
      to: { path: '^(node:)?(https?|http2|tls|dns|dns/promises)$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'net-only-below',
      comment:
        'node:net is for address arithmetic in config, egress and the two files of http that tell senders apart, and for the embedded engine in database.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((egress|config|database)/|http/(network-of|connection-limit)\\.ts$)' },
      to: { path: '^(node:)?net$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'drivers-only-in-database',
      comment: 'Others get TypeORM’s DataSource; they do not open connections.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/database/' },
      to: { path: '(^|node_modules/)(pg|@electric-sql)(/|$)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing that runs reaches this file: delete it, or use it.',
      severity: 'error',
      from: { path: '^src/(main|reencrypt-secrets)\\.ts$' },
      to: { path: '^(src|migrations)/', pathNot: '(\\.d\\.ts|^src/(main|reencrypt-secrets)\\.ts)$', reachable: false },
    },
    {
      name: 'no-orphans-in-tests',
      comment: 'No test reaches this file: delete it, or use it. The rest is started by its name.',
      severity: 'error',
      from: { path: '^test/.*(\\.spec\\.ts|\\.mjs|-(process|worker)\\.ts|/main\\.ts)$' },
      to: {
        path: '^test/',
        pathNot: '(\\.spec\\.ts|\\.m?js|-(process|worker)\\.ts|/main\\.ts|\\.d\\.m?ts)$',
        reachable: false,
      },
    },
    {
      name: 'no-orphans-in-bench',
      comment: 'The bench does not reach this file: delete it, or use it. Its processes are started by their names.',
      severity: 'error',
      from: { path: '^bench/(main|.*-process)\\.ts$' },
      to: { path: '^bench/', pathNot: '(main|-process)\\.ts$', reachable: false },
    },
    {
      name: 'client-stands-alone',
      comment: 'The npm package has no dependencies, and of Node it needs node:crypto alone.',
      severity: 'error',
      from: { path: '^clients/typescript/src/' },
      to: { path: '.', pathNot: '^(clients/typescript/src/|(node:)?crypto$)' },
    },
    {
      name: 'no-orphans-in-client',
      comment: 'The package does not export what is in this file: delete it, or use it.',
      severity: 'error',
      from: { path: '^clients/typescript/src/index\\.ts$' },
      to: { path: '^clients/typescript/src/', pathNot: '/index\\.ts$', reachable: false },
    },
    {
      name: 'no-dev-dependencies-at-run-time',
      comment: '`npm ci --omit=dev` must be enough to run dist.',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'declared-dependencies',
      comment: 'A package that package.json does not name can vanish with the next install.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'The import points nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.builds|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
