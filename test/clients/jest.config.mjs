import { shared } from '../../jest.config.mjs';

/**
 * `npm run test:clients`: the service met by real clients. Apart from `npm test`, because these tests first install the
 * clients' own locked packages, and a browser.
 *
 * @type {import('jest').Config}
 */
export default {
  ...shared,
  testMatch: ['<rootDir>/test/clients/**/*.spec.ts'],
  // Generators and compilers take seconds each, and an install comes first.
  testTimeout: 300_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
};
