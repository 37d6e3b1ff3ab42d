import setUpRun from './global-setup.mjs';
import { startTestServer } from './test-server.mjs';

/** As global-setup.mjs, and a PostgreSQL server. */
export default async function setUp() {
  setUpRun();
  await startTestServer(process.env.TIDINGS_TEST_RUN);
}
