import { chmodSync } from 'node:fs';
import { startPostgres } from '../../scripts/postgres-server.mjs';

/** TEST_ENGINE, where it names a version of the server. */
const MAJORS = { 14: 14, 18: 18 };
const NEWEST = 18;

/** @type {import('../../scripts/postgres-server.d.mts').PostgresServer | undefined} */
let server;

/**
 * Sets TEST_DATABASE_URL for the workers of this run. One that is set already is a server of the developer's own.
 *
 * @param {string} runDirectory where the server keeps its files
 */
export async function startTestServer(runDirectory) {
  if (process.env.TEST_DATABASE_URL) return;
  const { TEST_ENGINE = String(NEWEST) } = process.env;
  const major = MAJORS[TEST_ENGINE];
  if (!major)
    throw new Error(`TEST_ENGINE is "${TEST_ENGINE}". It can be embedded, ${Object.keys(MAJORS).join(' or ')}.`);
  // As root, the server runs under an account that has to pass through here.
  chmodSync(runDirectory, 0o711);
  server = await startPostgres(major, { directory: runDirectory });
  process.env.TEST_DATABASE_URL = server.url;
}

/** @returns whether there was one of ours */
export async function stopTestServer() {
  if (!server) return false;
  delete process.env.TEST_DATABASE_URL;
  const ours = server;
  server = undefined;
  await ours.stop();
  return true;
}
