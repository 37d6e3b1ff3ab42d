import { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { TYPESCRIPT_WORKER } from './typescript-worker.js';

/* A process that owns an embedded engine, for tests that kill it: started with the data directory as its argument. */
const engine = await EmbeddedPostgres.start(DataDirectory.claim(process.argv[2]!), { worker: TYPESCRIPT_WORKER });
process.stdout.write(`${engine.url}\n`);
