import { engine, project } from '../../jest.config.mjs';

/** What the others show lies before the database, or is about the embedded one. */
const ON_A_SERVER = ['bad-endpoints', 'heavy-requests', 'idle'].map((name) => `test/soak/${name}.soak.spec.ts`);

/**
 * `npm run test:soak`: what shows only after many requests, or under bodies of the largest size. Apart from `npm test`, because
 * each takes a minute of both cores.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    project('embedded', ['test/soak/**/*.spec.ts'], 'embedded'),
    ...(engine === 'server' ? [project('server', ON_A_SERVER, 'server')] : []),
  ],
  // They measure memory, and how long the event loop is blocked.
  maxWorkers: 2,
};
