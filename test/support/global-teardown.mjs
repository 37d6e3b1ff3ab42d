import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import pg from 'pg';
import { stopTestServer } from './test-server.mjs';
import { assertAllAnswersSeen } from './unseen-answers.mjs';

export default async function tearDown(globalConfig) {
  const { TIDINGS_TEST_RUN: runDirectory, TEST_DATABASE_URL: serverUrl } = process.env;
  let isGone = false;
  try {
    assertAllAnswersSeen(runDirectory, globalConfig);
  } finally {
    isGone = await stopTestServer();
    rmSync(runDirectory, { recursive: true, force: true });
  }
  if (serverUrl && !isGone) await dropDatabases(serverUrl, basename(runDirectory));
}

/** The template of this run, and what a test file that was killed has left. */
async function dropDatabases(serverUrl, run) {
  const client = new pg.Client(serverUrl);
  await client.connect();
  try {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [run]);
    for (const { datname } of rows) await client.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
