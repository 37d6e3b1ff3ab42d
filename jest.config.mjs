import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  // They have a command of their own (test/clients/jest.config.mjs).
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/clients/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  // The copy of a built program is not a second package of the same name.
  modulePathIgnorePatterns: ['<rootDir>/.builds/', '<rootDir>/dist/'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testEnvironment: '<rootDir>/test/support/test-environment.mjs',
  // The first file that needs a database makes the run's template, which has taken 20 s on two busy cores; and a race
  // that hangs still fails.
  testTimeout: 60_000,
  // Half of the cores: every worker runs an engine of 400 MB, and the service beside it. Two at least, because much of
  // the time is waited: on two cores that takes 330 s instead of 580.
  maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
  workerIdleMemoryLimit: '1GB',
};
