import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { freePort } from '../support/program.js';
import { until } from '../support/wait.js';

/** Fewer than Tidings' pool, so that its connections really share sessions. */
const SERVER_SESSIONS = 4;
const CONFIG_FILE = 'pgbouncer.ini';

/** The path of the program, or null when it is not installed. Debian puts it where only root's PATH looks. */
export function findPgBouncer(): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return directories.map((directory) => join(directory, 'pgbouncer')).find(isExecutable) ?? null;
}

/** A PgBouncer in transaction mode in front of a server. */
export class PgBouncer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly program: string,
    private readonly directory: string,
    private readonly account: { uid?: number; gid?: number },
    /** The server's, by way of this PgBouncer. */
    readonly url: string,
  ) {}

  static async prepare(program: string, serverUrl: string): Promise<PgBouncer> {
    const directory = mkdtempSync(join(tmpdir(), 'tidings-pgbouncer-'));
    const url = new URL(serverUrl);
    const { hostname, port, username, password } = url;
    url.port = String(await freePort());
    const userFile = join(directory, 'users');
    const lines = [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${url.port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${userFile}`,
      'pool_mode = transaction',
      `default_pool_size = ${SERVER_SESSIONS}`,
    ];
    writeFileSync(join(directory, CONFIG_FILE), `${lines.join('\n')}\n`, { mode: 0o600 });
    writeFileSync(userFile, `"${username}" "${password}"\n`, { mode: 0o600 });
    const account = unprivilegedAccount();
    if (account.uid !== undefined) {
      for (const path of [directory, join(directory, CONFIG_FILE), userFile])
        chownSync(path, account.uid, account.gid!);
    }
    return new PgBouncer(program, directory, account, url.href);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Also after `kill`, on the same port. */
  async start(): Promise<void> {
    this.child = spawn(this.program, ['--quiet', join(this.directory, CONFIG_FILE)], {
      ...this.account,
      stdio: 'ignore',
    });
    await until('PgBouncer to answer', async () => {
      const client = new pg.Client(this.url);
      try {
        await client.connect();
        await client.query('SELECT 1');
        return true;
      } catch {
        return false;
      } finally {
        await client.end();
      }
    });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PgBouncer refuses to run as root; then it runs as `nobody`. Otherwise as whoever asks. */
function unprivilegedAccount(): { uid?: number; gid?: number } {
  if (process.getuid!() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
