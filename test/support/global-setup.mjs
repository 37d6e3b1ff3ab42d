import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One directory per run, in which the test databases are made (test/support/database.ts); scripts/test.mjs has made it. */
export default function setUp() {
  process.env.TIDINGS_TEST_RUN ??= mkdtempSync(join(tmpdir(), 'tidings-test-'));
}
