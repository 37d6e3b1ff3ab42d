import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, readFileSync, closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ListCursors } from '../../src/reads/list-cursors.js';
import { send, type CreatedApiToken, type CreatedWebhook, type Environment } from '../../test/support/client.js';
import { freePort, Program } from '../../test/support/program.js';
import type { Storage } from './engine.js';

/** Node's, as `npm start` gives them. */
const START_OPTIONS = startCommand().match(/--\S+/g) ?? [];

/** Of the log, for an error. */
const TAIL_CHARACTERS = 4000;

export interface Tenant {
  environmentId: string;
  token: string;
}

export interface InstallationOptions {
  /** For the logs. */
  directory: string;
  /** Beside those of every service of the bench. */
  settings: Record<string, string>;
  nodeOptions: readonly string[];
  /** Its processes get the cores before all others. */
  goesFirst: boolean;
}

export class Installation {
  readonly replicas: Program[] = [];
  private readonly adminToken = randomBytes(32).toString('hex');
  private readonly encryptionKey = { id: 'k1', key: randomBytes(32) };

  constructor(
    readonly storage: Storage,
    private readonly options: InstallationOptions,
  ) {}

  /** As its replicas make them. */
  get cursors(): ListCursors {
    return new ListCursors([this.encryptionKey]);
  }

  async start(): Promise<Program> {
    const port = await freePort();
    const home = join(this.options.directory, `replica-${port}`);
    mkdirSync(home, { recursive: true });
    const log = join(home, 'log');
    const output = openSync(log, 'a');
    const replica = Program.spawn({
      directory: home,
      env: this.environment(port),
      nodeOptions: [...START_OPTIONS, ...this.options.nodeOptions],
      output,
      tail: () => readFileSync(log, 'utf8').slice(-TAIL_CHARACTERS),
    });
    closeSync(output);
    if (this.options.goesFirst) putFirst(replica.pid);
    this.replicas.push(replica);
    await replica.ready();
    return replica;
  }

  /** As an operator stops it; the data is kept. */
  async stop(): Promise<void> {
    for (const replica of this.replicas.splice(0)) {
      if (!replica.isRunning) continue;
      const exit = await replica.kill('SIGTERM');
      if (exit.code !== 0) throw new Error(`SIGTERM ended in ${JSON.stringify(exit)}`);
    }
  }

  /** Ends every process at once and removes the data. Idempotent. */
  async remove(): Promise<void> {
    const running = this.replicas.splice(0).filter(({ isRunning }) => isRunning);
    await Promise.all(running.map((replica) => replica.kill('SIGKILL')));
    await this.storage.remove();
  }

  async createTenant(): Promise<Tenant> {
    const order = { name: 'bench', allow_duplicate_name: true };
    const environment = await this.post<Environment>('/environment', order, this.adminToken);
    return this.createToken(environment.id);
  }

  async createToken(environmentId: string): Promise<Tenant> {
    const order = { name: 'bench', environment_id: environmentId };
    const { token } = await this.post<CreatedApiToken>('/api-token', order, this.adminToken);
    return { environmentId, token };
  }

  /** @param eventTypes absent: all. */
  createWebhook(tenant: Tenant, targetUrl: string, eventTypes?: readonly string[]): Promise<CreatedWebhook> {
    return this.post('/webhook', { target_url: targetUrl, event_types: eventTypes }, tenant.token);
  }

  private async post<T>(path: string, body: unknown, token: string): Promise<T> {
    const headers = { authorization: `Bearer ${token}` };
    const { status, text } = await send(this.replicas[0]!.url, 'POST', path, { body, headers });
    if (status !== 201) throw new Error(`POST ${path} answered ${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  private environment(port: number): Record<string, string> {
    const { PATH = '', HOME = '' } = process.env;
    return {
      PATH,
      HOME,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_TOKEN: this.adminToken,
      ENCRYPTION_KEYS: `${this.encryptionKey.id}:${this.encryptionKey.key.toString('base64')}`,
      // The receiver is on this machine, without TLS, which would measure OpenSSL.
      EGRESS_ALLOW: '127.0.0.0/8',
      TARGET_URL_ALLOW_HTTP: 'true',
      // The bench creates its webhooks as fast as it can.
      RATE_LIMIT_PER_10S: '1000000',
      WEBHOOKS_PER_ENVIRONMENT: '1000000',
      ...this.storage.env,
      ...this.options.settings,
    };
  }
}

/**
 * At once after the start: threads and workers inherit it. A real-time policy, because "nice" counts within a session alone
 * (sched(7), autogroup), and each connection of PostgreSQL is a session.
 */
function putFirst(pid: number): void {
  execFileSync('chrt', ['--all-tasks', '--rr', '--pid', '1', String(pid)]);
}

function startCommand(): string {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start;
}
