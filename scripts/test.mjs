/**
 * `npm test`: installs and builds what is missing, then runs Jest with the arguments given: `npm test -- test/unit`. Which
 * files run on which database engine, jest.config.mjs says.
 */
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
ensureInstalled(root);
build(root);

/** Jest removes it, unless it is ended by force. */
const runDirectory = mkdtempSync(join(tmpdir(), 'tidings-test-'));
const env = { ...process.env, TIDINGS_TEST_RUN: runDirectory };
if (!env.TEST_ENGINE && !env.TEST_DATABASE_URL && !(process.platform === 'linux' && process.arch === 'x64')) {
  console.error('npm carries a PostgreSQL server for Linux on x64 alone: everything runs on the embedded engine.');
  env.TEST_ENGINE = 'embedded';
}

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    ...process.argv.slice(2),
  ],
  { cwd: root, env, stdio: 'inherit' },
);
// A terminal sends Ctrl+C to both; a supervisor sends its signal to this process alone.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => jest.kill('SIGTERM'));
jest.on('exit', (code, signal) => {
  endServers();
  // Something may still be writing there.
  rmSync(runDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit(signal ? 1 : code);
});

/** Of a run that did not come to its end (test/support/test-server.mjs). */
function endServers() {
  for (const name of entriesOf(runDirectory).filter((entry) => entry.startsWith('tidings-postgres-'))) {
    const note = join(runDirectory, name, 'data', 'postmaster.pid');
    try {
      process.kill(Number(readFileSync(note, 'utf8').split('\n', 1)[0]), 'SIGQUIT');
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
}

function entriesOf(directory) {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
