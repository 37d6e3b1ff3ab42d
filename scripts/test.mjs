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
process.on('SIGTERM', () => {
  const workers = descendantsOf(jest.pid);
  jest.kill('SIGTERM');
  for (const pid of workers) end(pid, 'SIGTERM');
});
jest.on('exit', (code, signal) => {
  endServers();
  // Something may still be writing there.
  rmSync(runDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit(signal ? 1 : code);
});

/** Of a run that did not come to its end (test/support/test-server.mjs). */
function endServers() {
  for (const name of entriesOf(runDirectory).filter((entry) => entry.startsWith('tidings-postgres-'))) {
    const [pid] = linesOf(join(runDirectory, name, 'data', 'postmaster.pid'));
    if (pid) end(Number(pid), 'SIGQUIT');
  }
}

/** What Jest started goes on without it, a worker until its test ends. Linux tells what that is. */
function descendantsOf(pid) {
  const children = entriesOf(`/proc/${pid}/task`).flatMap((task) =>
    linesOf(`/proc/${pid}/task/${task}/children`).flatMap((line) => line.split(' ').filter(Boolean).map(Number)),
  );
  return [...children, ...children.flatMap(descendantsOf)];
}

function end(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function linesOf(file) {
  return orNone(() => readFileSync(file, 'utf8').split('\n'));
}

function entriesOf(directory) {
  return orNone(() => readdirSync(directory));
}

/** Of files that come and go. */
function orNone(read) {
  try {
    return read();
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return [];
    throw error;
  }
}
