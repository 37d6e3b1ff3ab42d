/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  // The copy of a built program is not a second package of the same name.
  modulePathIgnorePatterns: ['<rootDir>/.builds/', '<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testEnvironment: '<rootDir>/test/support/test-environment.mjs',
  // Opening a fresh database takes up to 1 s, and the machines of CI are slow; a race that hangs still fails in time.
  testTimeout: 20_000,
  // Every worker runs an engine of 400 MB.
  maxWorkers: '50%',
  workerIdleMemoryLimit: '1GB',
  // A socket, timer or worker that a test leaves open keeps the run from ending: Jest says so, and scripts/test.mjs
  // fails it then.
  forceExit: false,
};
