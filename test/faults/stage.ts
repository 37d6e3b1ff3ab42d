import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CreatedApiToken, CreatedWebhook, Environment } from '../support/client.js';
import { drawn } from './drawn.js';
import type { Fault, Hook } from './evidence.js';
import { Helper, type Producer, type Receiver } from './helper.js';
import type { Behaviour } from './messages.js';
import { ask } from './service-log.js';
import { newCredentials, type Store } from './store.js';
import { Tidings } from './tidings.js';
import type { TrafficPlan } from './traffic.js';

/** The receiver's paths. `/slow` takes so long that something is always in flight. */
const HOOKS: readonly (Pick<Hook, 'path' | 'eventTypes' | 'isHealthy'> & { behaviour: Behaviour })[] = [
  { path: '/all', eventTypes: null, isHealthy: true, behaviour: { delayMs: 10, failShare: 0, isHeld: false } },
  {
    path: '/some',
    eventTypes: ['record:created', 'record:updated'],
    isHealthy: true,
    behaviour: { delayMs: 10, failShare: 0, isHeld: false },
  },
  { path: '/flaky', eventTypes: null, isHealthy: false, behaviour: { delayMs: 10, failShare: 0.25, isHeld: false } },
  {
    path: '/slow',
    eventTypes: ['sync_job_run:started'],
    isHealthy: false,
    behaviour: { delayMs: 150, failShare: 0, isHeld: false },
  },
];

/** Short steps, and more of them than a case lasts: no delivery may end for want of retries. */
const RETRY_SCHEDULE = Array.from({ length: 50 }, () => '500ms').join(',');

/** What a statement of a dead process takes to end on the server. */
const LAST_STATEMENT_MS = 300;
/** Beyond the planned time. Traffic that goes on for longer is a fault of the program's own. */
const TRAFFIC_PATIENCE_MS = 300_000;

export interface StageOptions {
  seed: number;
  directory: string;
  store: Store;
  main: string;
  replicas: number;
  env: Record<string, string>;
}

/** Tidings, a producer and a receiver, and what a case may do to them. */
export class Stage {
  readonly replicas: Tidings[];
  readonly faults: Fault[] = [];
  hooks: Hook[] = [];
  token = '';
  readonly producerLedger: string;
  readonly receiverLedger: string;
  readonly producer: Producer;
  readonly receiver: Receiver;
  private readonly replicaIds = new Map<Tidings, string>();
  private readonly credentials = newCredentials();
  private trafficStartedAt = 0;
  /** How long the traffic lasts; set when it begins. */
  trafficMs = 0;

  constructor(private readonly options: StageOptions) {
    const { seed, directory, store, main } = options;
    this.producerLedger = join(directory, 'producer.jsonl');
    this.receiverLedger = join(directory, 'receiver.jsonl');
    this.producer = new Helper('producer', this.producerLedger);
    this.receiver = new Helper('receiver', this.receiverLedger, String(seed));
    const env = { ...store.env, ...this.credentials, RETRY_SCHEDULE, ATTEMPT_TIMEOUT_MS: '5000', ...options.env };
    this.replicas = Array.from({ length: options.replicas }, (_, index) => {
      const name = `replica-${index + 1}`;
      return new Tidings(name, { main, directory, logFile: join(directory, `${name}.log`), env });
    });
  }

  get store(): Store {
    return this.options.store;
  }

  /** A replica that runs: for questions. */
  get url(): string {
    return this.replicas.find(({ isRunning }) => isRunning)!.url;
  }

  /** Starts everything and registers the webhooks. */
  async start(): Promise<void> {
    const { port } = await this.receiver.next((report) => report.kind === 'listening');
    for (const replica of this.replicas) await this.startReplica(replica);
    const admin = this.credentials.ADMIN_TOKEN;
    const environment = await ask<Environment>(this.url, admin, ['POST', '/environment', { name: 'faults' }], 201);
    const tokenFields = { name: 'faults', environment_id: environment.id };
    this.token = (await ask<CreatedApiToken>(this.url, admin, ['POST', '/api-token', tokenFields], 201)).token;
    for (const { path, eventTypes, isHealthy, behaviour } of HOOKS) {
      this.behave(path, behaviour);
      const fields = {
        target_url: `http://127.0.0.1:${port}${path}`,
        ...(eventTypes ? { event_types: eventTypes } : {}),
      };
      const { id, secret } = await ask<CreatedWebhook>(this.url, this.token, ['POST', '/webhook', fields], 201);
      this.hooks.push({ webhookId: id, environmentId: environment.id, path, secret, eventTypes, isHealthy });
    }
  }

  /** Ends every process, however it is. */
  async destroy(): Promise<void> {
    await Promise.all([
      ...this.replicas.map((replica) => replica.destroy()),
      this.producer.stop(),
      this.receiver.stop(),
    ]);
  }

  /** Sends traffic for as long as the work takes, and for as long as planned; resolves when every request has its outcome. */
  async send(plan: TrafficPlan, work: () => Promise<void>): Promise<void> {
    this.trafficStartedAt = Date.now();
    this.trafficMs = (plan.requests * 1000) / plan.perSecond;
    const sent = this.producer.next(({ kind }) => kind === 'sent', this.trafficMs + TRAFFIC_PATIENCE_MS);
    const urls = this.replicas.map(({ url }) => url);
    this.producer.tell({ kind: 'send', plan, urls, token: this.token });
    // When the work fails nobody waits for it.
    sent.catch(() => undefined);
    await work();
    this.producer.tell({ kind: 'finish' });
    await sent;
  }

  /** A number from 0 to below 1 that the seed decides. */
  draw(...names: (string | number)[]): number {
    return drawn(this.options.seed, ...names);
  }

  /** Waits until this share of the traffic's time has passed. */
  async passed(share: number): Promise<void> {
    await delay(Math.max(0, this.trafficStartedAt + share * this.trafficMs - Date.now()));
  }

  behave(hook: string, behaviour: Behaviour): void {
    this.receiver.tell({ kind: 'behave', hook, behaviour });
  }

  /** The path behaves as at the start again. */
  behaveAsBefore(hook: string): void {
    this.behave(hook, HOOKS.find(({ path }) => path === hook)!.behaviour);
  }

  async startReplica(replica: Tidings): Promise<void> {
    const isServer = this.store.engine === 'server';
    const known = isServer && (await this.hasReplicaTable()) ? await this.readReplicaIds() : [];
    await replica.start();
    if (!isServer) return;
    const added = (await this.readReplicaIds()).filter((id) => !known.includes(id));
    if (added.length !== 1) throw new Error(`${added.length} replicas signed on, not one`);
    this.replicaIds.set(replica, added[0]!);
  }

  /** SIGKILL, and a note of what the process had in flight. */
  async kill(replica: Tidings): Promise<Fault> {
    replica.signal('SIGKILL');
    return this.noteKilled(replica, Date.now());
  }

  /** For a process that somebody else has killed. */
  async noteKilled(replica: Tidings, at: number): Promise<Fault> {
    await replica.exited();
    return this.note('kill', at, replica);
  }

  /** SIGSTOP, and a note of what the process has in flight. */
  async freeze(replica: Tidings): Promise<Fault> {
    replica.signal('SIGSTOP');
    return this.note('stop', Date.now(), replica);
  }

  /** Does something to the database, or in order: no process of Tidings is hit in the middle, so nothing is excused. */
  async during(kind: 'term' | 'database', work: () => Promise<void>): Promise<void> {
    const fault: Fault = { kind, at: Date.now(), endedAt: Infinity, process: null, inFlight: [] };
    this.faults.push(fault);
    await work();
    fault.endedAt = Date.now();
  }

  /** The deliveries that the replica holds leases for, of all paths or of one. */
  async readLeases(replica: Tidings, path?: string): Promise<string[]> {
    const webhookId = this.hooks.find((hook) => hook.path === path)?.webhookId ?? null;
    const rows = await this.store.query<{ id: string }>(
      `SELECT delivery_id AS id FROM delivery_queue
       WHERE lease IS NOT NULL
         AND leased_by = coalesce($1::uuid, leased_by) AND webhook_id = coalesce($2::uuid, webhook_id)`,
      [this.replicaIds.get(replica) ?? null, webhookId],
    );
    return rows.map(({ id }) => id);
  }

  /** On a server a dead replica keeps its leases for half a second, and an embedded engine is still. */
  private async note(kind: 'kill' | 'stop', at: number, replica: Tidings): Promise<Fault> {
    await delay(LAST_STATEMENT_MS);
    const inFlight = await this.readLeases(replica);
    const fault: Fault = { kind, at, endedAt: Date.now(), process: replica.process, inFlight };
    this.faults.push(fault);
    return fault;
  }

  private async hasReplicaTable(): Promise<boolean> {
    const [row] = await this.store.query<{ exists: boolean }>(`SELECT to_regclass('replica') IS NOT NULL AS exists`);
    return row!.exists;
  }

  private async readReplicaIds(): Promise<string[]> {
    return (await this.store.query<{ id: string }>('SELECT id FROM replica')).map(({ id }) => id);
  }
}
