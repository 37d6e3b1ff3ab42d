import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ApiClient, type CreatedApiToken, type Environment, type Me } from './client.js';
import { oncePerRun, runDirectory } from './run-directory.js';
import { type Exit, EXIT_DEADLINE_MS, freePort, MAIN, Program, START_DEADLINE_MS } from './program.js';

/** The superuser's URL of a PostgreSQL server to run on; null: the embedded engine. */
export const SERVER_URL: string | null = process.env['TEST_DATABASE_URL'] ?? null;

/** V8 does not optimise the embedded engine, which costs a second of a core at every start. */
const QUICK_ENGINE = ['--liftoff-only'];
/** The embedded engine as an operator runs it: for stories that hold it to times, or measure its memory. */
export const OPTIMISED: readonly string[] = [];

export interface ServiceOptions {
  /** Settings beside those that every service of the tests gets. */
  env?: Record<string, string>;
  /** Options of Node's own. Default: a quick start of the embedded engine, except on a first boot. */
  nodeOptions?: readonly string[];
  /** A command that starts the service for the first time; signals go to its whole process group. Default: the built program itself. */
  command?: readonly [program: string, ...args: string[]];
  /**
   * true: begins with an empty data directory or database, as on an operator's first day. false: begins with a copy of one
   * that was initialised once for the run, which takes a tenth of the time; not on another server. Default false.
   */
  firstBoot?: boolean;
  /** The superuser's URL of another server than the tests run on. */
  serverUrl?: string;
  /** An existing directory to keep the data in. Default: that of the run. */
  directory?: string;
}

/** An environment of its own with a token for it: stories on one service cannot meet each other. */
export interface Tenant {
  environmentId: string;
  token: string;
  client: ApiClient;
}

/** What replicas of one service share. */
interface Shared {
  databaseUrl: string;
  adminToken: string;
  encryptionKeys: string;
}

/** One process of the built service with its data directory (embedded engine) or its own database (server). */
export class Service {
  readonly dataDir: string;
  /** Secrets, tokens and payloads that went through this service; its log may hold none of them. */
  readonly canaries = new Set<string>();
  private readonly directory: string;
  private readonly replicas: Service[] = [];
  private program: Program | undefined;
  /** Kept over restarts: clients hold the URL. */
  private port = 0;
  private log = '';
  private shared: Shared | undefined;
  private readonly isReplica: boolean;
  private readonly serverUrl: string | null;

  constructor(
    private readonly options: ServiceOptions = {},
    shared?: Shared,
  ) {
    this.shared = shared;
    this.isReplica = shared !== undefined;
    this.serverUrl = options.serverUrl ?? SERVER_URL;
    // In the directory of the run, so that what a killed worker leaves is removed with it.
    this.directory = mkdtempSync(join(options.directory ?? runDirectory(), 'service-'));
    this.dataDir = join(this.directory, 'data');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** stdout and stderr of every process that this service was, restarts included. */
  get logs(): string {
    return this.log;
  }

  get isRunning(): boolean {
    return this.program?.isRunning === true;
  }

  get pid(): number {
    return this.started.pid;
  }

  /** The admin token: made at first boot on the embedded engine, given on a server. */
  get adminToken(): string {
    return this.shared?.adminToken ?? readFileSync(join(this.dataDir, 'admin-token'), 'utf8').trim();
  }

  /** The database of all replicas, for stories that set times in the past. Server engine only. */
  get databaseUrl(): string {
    if (!this.shared) throw new Error('the embedded engine belongs to its process');
    return this.shared.databaseUrl;
  }

  get admin(): ApiClient {
    return this.client(this.adminToken);
  }

  client(token?: string): ApiClient {
    if (token !== undefined) this.canaries.add(token);
    const onSecret = (secret: string): void => void this.canaries.add(secret);
    return new ApiClient({ baseUrl: this.url, onSecret, ...(token === undefined ? {} : { token }) });
  }

  /** Starts the process and resolves when it is ready. */
  async start(): Promise<void> {
    if (this.serverUrl && !this.shared) {
      const isEmpty = this.options.firstBoot === true || this.options.serverUrl !== undefined;
      this.shared = await createDatabase(this.serverUrl, isEmpty);
    }
    if (!this.serverUrl && !this.options.firstBoot && !existsSync(this.dataDir)) {
      cpSync(await initialisedDataDir(), this.dataDir, { recursive: true });
    }
    await this.spawn();
  }

  /** The same service again, on the same data. */
  async restart(): Promise<void> {
    if (this.isRunning) throw new Error('the service still runs');
    await this.spawn();
  }

  /** A second process on the same database. Server engine only: one process owns an embedded one. */
  async startReplica(env: Record<string, string> = {}): Promise<Service> {
    if (!this.shared) throw new Error('replicas need a PostgreSQL server');
    const replica = new Service({ ...this.options, env: { ...this.options.env, ...env } }, this.shared);
    this.replicas.push(replica);
    await replica.start();
    return replica;
  }

  /** Sends the signal and resolves with how the process ended. */
  kill(signal: NodeJS.Signals): Promise<Exit> {
    return this.started.kill(signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.started.signal(signal);
  }

  /** Types into the stdin of its process. */
  type(text: string): void {
    this.started.type(text);
  }

  /** How the process ended, once it has. */
  exit(deadlineMs?: number): Promise<Exit> {
    return this.started.exit(deadlineMs);
  }

  /**
   * Ends the service and removes its data. Throws when it does not stop cleanly, or when its log holds a canary.
   */
  async stop(): Promise<void> {
    try {
      for (const replica of this.replicas) await replica.stop();
      const exit = this.isRunning ? await this.kill('SIGTERM') : undefined;
      if (exit && exit.code !== 0) throw new Error(`SIGTERM ended in ${JSON.stringify(exit)}\n${this.tail()}`);
      const leaked = this.leakedCanaries();
      if (leaked.length > 0) throw new Error(`the log holds ${leaked.join(', ')}`);
    } finally {
      if (this.isRunning) await this.kill('SIGKILL');
      rmSync(this.directory, { recursive: true, force: true });
      if (this.serverUrl && this.shared && !this.isReplica) await dropDatabase(this.serverUrl, this.shared.databaseUrl);
    }
  }

  /** A text to put where no log may show it: a payload, a query string. */
  canary(): string {
    const canary = `canary-${randomUUID()}`;
    this.canaries.add(canary);
    return canary;
  }

  leakedCanaries(): string[] {
    return [...this.canaries].filter((canary) => this.log.includes(canary));
  }

  /** A new environment and a token for it, made as an operator makes them. */
  async tenant(scopes?: string[]): Promise<Tenant> {
    const environment = (
      await this.admin.post<Environment>('/environment', { name: 'story', allow_duplicate_name: true })
    ).expect(201);
    const { token } = await this.token(environment.id, scopes);
    return { environmentId: environment.id, token, client: this.client(token) };
  }

  async token(environmentId: string, scopes?: string[]): Promise<CreatedApiToken> {
    const body = { name: 'story', environment_id: environmentId, ...(scopes ? { scopes } : {}) };
    return (await this.admin.post<CreatedApiToken>('/api-token', body)).expect(201);
  }

  /** A token for one webhook alone, with all the scopes that such a token can hold. */
  async webhookToken(environmentId: string, webhookId: string): Promise<CreatedApiToken> {
    const body = { name: 'story', environment_id: environmentId, webhook_id: webhookId };
    return (await this.admin.post<CreatedApiToken>('/api-token', body)).expect(201);
  }

  /** The tenant of the first boot. A server has none, so there it is a new one. */
  async defaultTenant(): Promise<Tenant> {
    if (this.shared) return this.tenant();
    const token = readFileSync(join(this.dataDir, 'api-token'), 'utf8').trim();
    const client = this.client(token);
    const me = (await client.get<Me>('/me')).expect(200);
    return { environmentId: me.environment_id!, token, client };
  }

  /** Spawns without waiting for readiness, for starts that are meant to fail. */
  async spawnOnly(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    this.program = Program.spawn({
      directory: this.directory,
      env: this.settings,
      nodeOptions: this.options.nodeOptions ?? this.defaultNodeOptions,
      command: this.program ? undefined : this.options.command,
      output: (text) => (this.log += text),
      tail: () => this.tail(),
    });
  }

  private get defaultNodeOptions(): readonly string[] {
    return this.shared !== undefined || this.options.firstBoot === true ? OPTIMISED : QUICK_ENGINE;
  }

  private async spawn(): Promise<void> {
    await this.spawnOnly();
    await this.started.ready();
  }

  private get started(): Program {
    if (!this.program) throw new Error('the service was never started');
    return this.program;
  }

  /** The environment of its process. */
  get settings(): Record<string, string> {
    const { PATH = '', HOME = '' } = process.env;
    const shared = this.shared && {
      DATABASE_URL: this.shared.databaseUrl,
      ADMIN_TOKEN: this.shared.adminToken,
      ENCRYPTION_KEYS: this.shared.encryptionKeys,
    };
    return {
      PATH,
      HOME,
      NODE_ENV: 'development',
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      // Stories look again and again; those about the limit set their own.
      RATE_LIMIT_PER_10S: '1000000',
      ...shared,
      ...this.options.env,
    };
  }

  private tail(): string {
    return this.log.slice(-4000);
  }
}

/**
 * A service that lives as long as the surrounding `describe`.
 *
 * @returns Not started yet; stories use it.
 */
export function useService(options: ServiceOptions = {}): Service {
  const service = new Service(options);
  beforeAll(() => service.start(), START_DEADLINE_MS + 1000);
  afterAll(() => service.stop(), EXIT_DEADLINE_MS * 2);
  return service;
}

/** A data directory as the first boot leaves it. */
async function initialisedDataDir(): Promise<string> {
  const directory = join(runDirectory(), 'service-data');
  await oncePerRun(directory, async () => {
    const service = new Service({ firstBoot: true });
    try {
      await service.start();
      await service.kill('SIGTERM');
      cpSync(service.dataDir, `${directory}.unfinished`, { recursive: true });
    } finally {
      await service.stop();
    }
    renameSync(`${directory}.unfinished`, directory);
  });
  return directory;
}

/** A database as the command `migrate` leaves it. */
async function migratedDatabase(serverUrl: string): Promise<string> {
  const name = `${basename(runDirectory())}-migrated`;
  const marker = join(runDirectory(), 'service-database');
  await oncePerRun(marker, async () => {
    await onServer(serverUrl, `CREATE DATABASE "${name}"`);
    const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: databaseUrl(serverUrl, name) };
    await promisify(execFile)(process.execPath, [MAIN, 'migrate'], { cwd: runDirectory(), env });
    mkdirSync(marker);
  });
  return name;
}

async function createDatabase(serverUrl: string, isEmpty: boolean): Promise<Shared> {
  const template = isEmpty ? '' : ` TEMPLATE "${await migratedDatabase(serverUrl)}"`;
  // Named after the run: global-teardown.mjs drops what a killed worker leaves.
  const name = `${basename(runDirectory())}-${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE "${name}"${template}`);
  return {
    databaseUrl: databaseUrl(serverUrl, name),
    adminToken: randomBytes(32).toString('hex'),
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
  };
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(serverUrl: string, databaseUrl: string): Promise<void> {
  await onServer(serverUrl, `DROP DATABASE IF EXISTS "${new URL(databaseUrl).pathname.slice(1)}" WITH (FORCE)`);
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
