import { randomUUID } from 'node:crypto';
import type { ApiClient, Reply } from './client.js';
import { parsePrometheusText, valuesOf } from './prometheus-text.js';
import type { Receiver } from './receiver.js';
import { until } from './wait.js';

/** Between two rounds of requests. */
const ROUND_MS = 300;
const WARM_ROUNDS = 5;
/** What a caller is owed while the database is in trouble. Who is served may wait a little longer for it. */
const REFUSED_WITHIN_MS = 2_000;
const SERVED_WITHIN_MS = 3_000;
const RECOVERS_WITHIN_MS = 60_000;
/** Bytes of padding in each payload: so that a full disk is felt soon. */
const PADDING = 'x'.repeat(8_000);

export const PROBES = [
  'POST /event',
  'POST /webhook',
  'GET /webhook',
  'PATCH /webhook/{id}',
  'GET /delivery',
  'GET /me',
] as const;
export type Probe = (typeof PROBES)[number];

/** What readiness tells of a trouble by its name, and the code of the answers. */
export interface NamedTrouble {
  name: string;
  code: string;
  /** Whether the check `storage` fails meanwhile. */
  isOfStorage: boolean;
}

export const FULL: NamedTrouble = { name: 'full', code: 'DATABASE_FULL', isOfStorage: true };
export const READ_ONLY: NamedTrouble = { name: 'read_only', code: 'DATABASE_READ_ONLY', isOfStorage: true };
export const OUT_OF_CONNECTIONS: NamedTrouble = {
  name: 'out_of_connections',
  code: 'DATABASE_OUT_OF_CONNECTIONS',
  isOfStorage: false,
};

interface Readiness {
  status: string;
  checks: { storage: string };
  database_trouble: string | null;
}

interface Answered {
  probe: Probe;
  status: number;
  code: string | null;
  retryAfter: string | null;
  tookMs: number;
}

/** Requests of six kinds, sent at a steady pace whatever becomes of the earlier ones, and what they were answered. */
export class TroubleLog {
  readonly answers: Answered[] = [];
  recoveredAfterMs = -1;
  private readonly underWay = new Set<Promise<void>>();
  private readonly accepted: string[] = [];
  private readonly readiness: Readiness[] = [];

  private constructor(
    private readonly client: ApiClient,
    private readonly receiver: Receiver,
    readonly webhookId: string,
  ) {}

  static async begin(client: ApiClient, receiver: Receiver): Promise<TroubleLog> {
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const log = new TroubleLog(client, receiver, id);
    // What a process does for the first time takes it long: its answers shall be those of the trouble.
    for (let round = 0; round < WARM_ROUNDS; round += 1)
      for (const probe of PROBES) await log.send(probe, randomUUID());
    return log;
  }

  /** Sends while the trouble lasts, until all kinds are served again, and until all that was accepted has arrived. */
  async during(trouble: () => Promise<void>): Promise<void> {
    const rounds = setInterval(() => this.round(), ROUND_MS);
    try {
      await trouble();
      const endedAt = performance.now();
      await until(
        'every request to be served again',
        () => this.isServed(),
        RECOVERS_WITHIN_MS,
        () => this.tail(),
      );
      this.recoveredAfterMs = performance.now() - endedAt;
      await until('it to say that it is ready', () => this.readiness.at(-1)?.status === 'ok', RECOVERS_WITHIN_MS);
    } finally {
      clearInterval(rounds);
      await Promise.all(this.underWay);
    }
    await until(
      'all that was accepted to arrive',
      () => this.accepted.every((marker) => this.receiver.requests.some(({ body }) => body.includes(marker))),
      60_000,
    );
  }

  isRefused(probe: Probe): boolean {
    return this.answers.some((answer) => answer.probe === probe && answer.status === 503);
  }

  isServedAtAll(probe: Probe): boolean {
    return this.answers.some((answer) => answer.probe === probe && answer.status < 300);
  }

  get refused(): Answered[] {
    return this.answers.filter(({ status }) => status >= 300);
  }

  get slowestMs(): number {
    return Math.max(...this.answers.map(({ tookMs }) => tookMs));
  }

  /** Whether readiness told of the trouble by its name while it lasted. */
  wasTold({ name, isOfStorage }: NamedTrouble): boolean {
    return this.readiness.some(
      ({ status, checks, database_trouble }) =>
        database_trouble === name && (!isOfStorage || (status === 'unavailable' && checks.storage === 'unavailable')),
    );
  }

  async metrics(): Promise<Record<string, number>> {
    return valuesOf(parsePrometheusText((await this.client.get('/metrics')).text));
  }

  /**
   * What was answered otherwise than a caller is owed.
   *
   * @param codes of refusals.
   */
  findings(codes: readonly string[]): string[] {
    return this.answers.flatMap(({ probe, status, code, retryAfter, tookMs }) => {
      const told = `${probe} ${status} ${code ?? ''} after ${Math.round(tookMs)} ms`;
      if (tookMs > (status < 300 ? SERVED_WITHIN_MS : REFUSED_WITHIN_MS)) return [`${told}: late`];
      if (status < 300) return [];
      if (status !== 503 || !codes.includes(code ?? '')) return [`${told}: wrong`];
      return Number(retryAfter) >= 1 ? [] : [`${told}: no Retry-After`];
    });
  }

  private round(): void {
    for (const probe of PROBES) {
      const work = this.ask(probe).finally(() => this.underWay.delete(work));
      this.underWay.add(work);
    }
    const look = this.client
      .get<Readiness>('/health/ready')
      .then(({ text }) => void this.readiness.push(JSON.parse(text) as Readiness))
      .finally(() => this.underWay.delete(look));
    this.underWay.add(look);
  }

  private async ask(probe: Probe): Promise<void> {
    const marker = randomUUID();
    const startedAt = performance.now();
    const reply = await this.send(probe, marker);
    const tookMs = performance.now() - startedAt;
    if (probe === 'POST /event' && reply.status === 202) this.accepted.push(marker);
    const code = reply.status >= 400 ? (JSON.parse(reply.text) as { code: string }).code : null;
    const retryAfter = reply.headers['retry-after'] ?? null;
    this.answers.push({ probe, status: reply.status, code, retryAfter, tookMs });
  }

  private send(probe: Probe, marker: string): Promise<Reply<unknown>> {
    switch (probe) {
      case 'POST /event':
        return this.client.post('/event', { event_type: 'record:created', payload: { marker, padding: PADDING } });
      case 'POST /webhook':
        return this.client.post('/webhook', { target_url: 'https://example.com/', is_active: false });
      case 'PATCH /webhook/{id}':
        return this.client.patch(`/webhook/${this.webhookId}`, { target_url: this.receiver.url(`/${marker}`) });
      case 'GET /webhook':
      case 'GET /delivery':
        return this.client.get(`${probe.slice(4)}?limit=1`);
      case 'GET /me':
        return this.client.get('/me');
    }
  }

  /** Of each kind the last ones. */
  private isServed(): boolean {
    return PROBES.every((probe) => {
      const last = this.answers.filter((answer) => answer.probe === probe).slice(-3);
      return last.length === 3 && last.every(({ status }) => status < 300);
    });
  }

  private tail(): string {
    return this.answers
      .slice(-12)
      .map(({ probe, status, code }) => `${probe} ${status} ${code ?? ''}`)
      .join('\n');
  }
}

interface Expected {
  /** The kinds that were answered 503, at least once. */
  refused: 'all' | 'some' | readonly Probe[];
  /** Those that never were. */
  served?: readonly Probe[];
  /** What it is called in answers, in readiness and in the metric. Refusals that only say that it is busy are no fault. */
  named?: NamedTrouble;
}

/** Gathers a row for each trouble; DATABASE_TROUBLE_TABLE=1 prints them. */
export function troubleTable(title: string): {
  add(name: string, log: TroubleLog, expected: Expected): Promise<void>;
  print(): void;
} {
  const rows: string[] = [];
  return {
    add: async (name, log, { refused, served = [], named }) => {
      rows.push(
        `| ${name} | ${log.answers.length} | ${log.refused.length} | ${Math.round(log.slowestMs)} ms | ` +
          `${(log.recoveredAfterMs / 1_000).toFixed(1)} s |`,
      );
      expect(log.findings(['DATABASE_BUSY', ...(named ? [named.code] : [])])).toEqual([]);
      if (named) {
        expect(log.refused.map(({ code }) => code)).toContain(named.code);
        expect([named.name, log.wasTold(named)]).toEqual([named.name, true]);
      }
      const metrics = await log.metrics();
      const trouble = named?.name ?? 'busy';
      // Where nobody has to be refused, the database is in no trouble.
      const isInTrouble = refused.length > 0;
      if (isInTrouble) expect(metrics[`tidings_database_troubles_total{trouble="${trouble}"}`]).toBeGreaterThan(0);
      // With another trouble the token may be what cannot be looked up: then no event was seen.
      if (named?.isOfStorage) expect(metrics['tidings_events_refused_total']).toBeGreaterThan(0);
      const wereRefused = PROBES.filter((probe) => log.isRefused(probe));
      if (refused === 'some') expect(wereRefused).not.toEqual([]);
      else expect(wereRefused).toEqual(expect.arrayContaining(refused === 'all' ? [...PROBES] : [...refused]));
      for (const probe of served) {
        expect([probe, log.isRefused(probe), log.isServedAtAll(probe)]).toEqual([probe, false, true]);
      }
    },
    print: () => {
      if (!process.env['DATABASE_TROUBLE_TABLE']) return;
      const head = ['| trouble | requests | refused | slowest answer | served again after |', '|---|---|---|---|---|'];
      process.stdout.write(`\n${title}\n${[...head, ...rows].join('\n')}\n`);
    },
  };
}
