import type { EmbeddedPostgresOptions } from '../../src/database/embedded/embedded-postgres.js';

/** With these arguments Node runs TypeScript from its source, in a process or a worker thread. */
export const TYPESCRIPT_ARGUMENTS = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  new URL('./run-typescript.mjs', import.meta.url).href,
];

/** For tests that start an `EmbeddedPostgres` themselves. */
export const TYPESCRIPT_WORKER: NonNullable<EmbeddedPostgresOptions['worker']> = {
  url: new URL('../../src/database/embedded/embedded-postgres.worker.ts', import.meta.url),
  options: { execArgv: TYPESCRIPT_ARGUMENTS },
};
