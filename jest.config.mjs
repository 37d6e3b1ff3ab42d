import { availableParallelism } from 'node:os';

/**
 * What the tests share that need no list of their own: this configuration's projects, and test/clients.
 *
 * @type {import('jest').Config}
 */
export const shared = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  // The copy of a built program is not a second package of the same name.
  modulePathIgnorePatterns: ['<rootDir>/.builds/', '<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testEnvironment: '<rootDir>/test/support/test-environment.mjs',
  testEnvironmentOptions: { engine: 'embedded' },
};

/** These need no database: what they show lies before it or behind it. */
const EDGE = [
  'client',
  'egress-address-resolver',
  'egress-guarded-agent',
  'egress-hostile-receivers',
  'egress-nat64',
  'egress-proxy',
  'egress-stale-connections',
  'egress-timings',
  'egress-tls-sessions',
  'http',
  'http-openapi',
  'listen',
  'openapi-lint',
  'process-meter',
  'receiver',
  'refusal-pace',
  'request-edge',
  'slow-clients',
].map((name) => `test/integration/${name}.spec.ts`);

/** These are about the embedded engine, or start Tidings as a newcomer does. */
const ABOUT_THE_EMBEDDED_ENGINE = [
  'test/integration/database-embedded.spec.ts',
  'test/integration/database-embedded-upkeep.spec.ts',
  'test/integration/start-scripts.spec.ts',
];

/**
 * Whole processes for which the engine makes a difference. They run on both, where each has the tests that it alone can answer;
 * what is the same on both is in one of them.
 */
const STORIES_OF_BOTH_ENGINES = [
  'test/e2e/boot.e2e.spec.ts',
  'test/e2e/database-trouble.e2e.spec.ts',
  'test/e2e/deliveries.e2e.spec.ts',
  'test/e2e/durability.e2e.spec.ts',
  'test/e2e/replicas.e2e.spec.ts',
  'test/e2e/roles.e2e.spec.ts',
  'test/e2e/secrets-reencrypt.e2e.spec.ts',
  'test/e2e/start-failures.e2e.spec.ts',
  'test/e2e/stopping.e2e.spec.ts',
  'test/e2e/stored-secrets.e2e.spec.ts',
  'test/e2e/workers.e2e.spec.ts',
];

/** With TEST_ENGINE=embedded everything runs on the embedded engine; otherwise on a server (test/support/test-server.mjs). */
export const engine = process.env.TEST_ENGINE === 'embedded' ? 'embedded' : 'server';

/** @param {string} name @param {string[]} files @param {string[]} others files that match, and are another project's */
export function project(name, files, on = engine, others = []) {
  return {
    ...shared,
    displayName: name,
    testMatch: files.map((file) => `<rootDir>/${file}`),
    // Jest puts the root in its place at the beginning of a pattern only: `!<rootDir>/…` in testMatch leaves nothing out.
    testPathIgnorePatterns: others.map((file) => `^<rootDir>/${file.replaceAll('.', '\\.')}$`),
    testEnvironmentOptions: { engine: on },
    ...(on === 'server' && { globalSetup: '<rootDir>/test/support/global-setup-server.mjs' }),
  };
}

/** @type {import('jest').Config} */
export default {
  projects: [
    project('unit', ['test/unit/**/*.spec.ts', 'test/faults/**/*.spec.ts'], 'none'),
    project('edge', EDGE, 'none'),
    project('statements', ['test/integration/**/*.spec.ts'], engine, [...EDGE, ...ABOUT_THE_EMBEDDED_ENGINE]),
    project(
      'stories',
      ['test/e2e/**/*.spec.ts', 'test/contract/**/*.spec.ts'],
      engine,
      engine === 'embedded' ? STORIES_OF_BOTH_ENGINES : [],
    ),
    project('embedded', [...ABOUT_THE_EMBEDDED_ENGINE, ...STORIES_OF_BOTH_ENGINES], 'embedded'),
  ],
  // The first file that needs a database makes the run's template, which has taken 20 s on two busy cores; and a race
  // that hangs still fails.
  testTimeout: 60_000,
  // More than half of the cores, because much of the time is waited; not on the embedded engine, which every worker computes itself.
  maxWorkers: Math.max(engine === 'embedded' ? 2 : 3, Math.floor(availableParallelism() / 2)),
  workerIdleMemoryLimit: '1GB',
};
