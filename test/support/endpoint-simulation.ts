import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { settleDeliveries } from '../../src/deliveries/queue/settle-deliveries.js';
import { claimDeliveries } from '../../src/deliveries/queue/claim-deliveries.js';
import { recordOutcomes } from '../../src/deliveries/queue/record-health.js';
import { PROBE_INTERVAL_MS } from '../../src/deliveries/engine/endpoint-health.js';
import type { Queryable } from '../../src/database/queryable.js';
import { judgeAttempt } from '../../src/deliveries/engine/judge-attempt.js';
import { tallyOutcomes } from '../../src/deliveries/engine/outcome-tally.js';
import type { LeasedDelivery } from '../../src/deliveries/delivery.types.js';
import { accept, attempted, grantOf, makeEnvironment, makeEvent, makeWebhook } from './delivery-fixtures.js';

const SCHEDULE_MS = ['5s', '5m', '30m', '2h', '5h', '10h', '10h'].map(
  (text) => Number.parseInt(text, 10) * { s: 1_000, m: 60_000, h: 3_600_000 }[text.at(-1) as 's' | 'm' | 'h'],
);
/** As the claimer looks when nothing tells it to. */
const POLL_MS = 250;
const SLOTS = 64;

/** What the endpoint does with an event at a moment of the simulation. */
export type Answer = (kind: string, atMs: number) => { status: number | null; durationMs: number };

/** An event to be published at a moment of the simulation; what it is to the endpoint is its kind. */
export interface Arrival {
  atMs: number;
  kind: string;
}

/** What became of one event's delivery. */
export interface Story {
  kind: string;
  publishedAtMs: number;
  /** When each attempt began. */
  attemptsAtMs: number[];
  takenAtMs: number | null;
}

interface InFlight {
  delivery: LeasedDelivery;
  endsAtMs: number;
  durationMs: number;
  status: number | null;
}

/**
 * One endpoint and one replica with a clock of their own, on the statements and the rules of the product. Instead of waiting,
 * every time that the database keeps is set back. Each step is one transaction, whose `now()` stands still, and whose first
 * statement takes out what has really passed since the last one: the machine's speed changes nothing. The clock counts whole
 * milliseconds, as some of the columns do.
 */
export class EndpointSimulation {
  readonly stories = new Map<string, Story>();
  /** Of each moment at which an attempt began: how many were in flight then. */
  readonly starts: { atMs: number; inFlight: number }[] = [];
  private readonly replicaId = randomUUID();
  private clockMs = 0;
  /** `now()` of the last step; null before the first. */
  private lastNow: string | null = null;
  /** What the clock has gone on by since the last step, in milliseconds. */
  private skippedMs = 0;
  private inFlight: InFlight[] = [];

  private constructor(
    private readonly database: DataSource,
    private readonly environmentId: string,
    readonly webhookId: string,
    private readonly answer: Answer,
    private readonly random: () => number,
  ) {}

  static async create(database: DataSource, answer: Answer, random: () => number): Promise<EndpointSimulation> {
    await database.query('TRUNCATE delivery_queue, webhook_health');
    const environmentId = await makeEnvironment(database);
    const webhookId = await makeWebhook(database, environmentId);
    return new EndpointSimulation(database, environmentId, webhookId, answer, random);
  }

  /** Milliseconds of the simulation since its beginning. */
  get nowMs(): number {
    return this.clockMs;
  }

  /** @param arrivals in the order of their times. */
  async run(arrivals: readonly Arrival[], untilMs: number): Promise<void> {
    let next = 0;
    while (this.nowMs < untilMs) {
      while (next < arrivals.length && arrivals[next]!.atMs <= this.nowMs) await this.publish(arrivals[next++]!.kind);
      await this.endAttempts();
      // What was stored just now may have been rounded up to the next millisecond.
      this.passMs(1);
      const dueInMs = await this.claim();
      const times = [untilMs, arrivals[next]?.atMs ?? Infinity, ...this.inFlight.map(({ endsAtMs }) => endsAtMs)];
      const waitMs = Math.min(...times.map((time) => time - this.nowMs), Math.max(dueInMs, POLL_MS));
      this.passMs(Math.max(0, Math.ceil(waitMs)));
    }
  }

  async state(): Promise<{ in_flight_limit: number | null; consecutive_failures: number } | null> {
    const [row] = await this.database.query('SELECT * FROM webhook_health WHERE webhook_id = $1', [this.webhookId]);
    return row ?? null;
  }

  /** Steps of the schedule that each delivery which waits has spent. */
  async stepsSpent(): Promise<{ kind: string; publishedAtMs: number; failures: number }[]> {
    const rows = await this.database.query<{ delivery_id: string; failures: number }[]>(
      'SELECT delivery_id, failures FROM delivery_queue',
    );
    return rows.map(({ delivery_id: id, failures }) => ({ ...this.stories.get(id)!, failures }));
  }

  private async publish(kind: string): Promise<void> {
    const room = SLOTS - this.inFlight.length;
    const publishedAtMs = this.nowMs;
    const event = makeEvent(this.environmentId);
    await this.step(async (database) => {
      const { leased } = await accept(database, [event], {
        total: room,
        perWebhook: room,
        replicaId: this.replicaId,
      });
      const [{ delivery_id: id }] = await database.query<[{ delivery_id: string }]>(
        'SELECT delivery_id FROM delivery_queue WHERE event_id = $1',
        [event.id],
      );
      this.stories.set(id, { kind, publishedAtMs, attemptsAtMs: [], takenAtMs: null });
      for (const delivery of leased) this.start(delivery);
    });
  }

  private start(delivery: LeasedDelivery): void {
    const story = this.stories.get(delivery.id)!;
    const { status, durationMs } = this.answer(story.kind, this.nowMs);
    story.attemptsAtMs.push(this.nowMs);
    this.inFlight.push({ delivery, status, durationMs, endsAtMs: this.nowMs + durationMs });
    this.starts.push({ atMs: this.nowMs, inFlight: this.inFlight.length });
  }

  private async endAttempts(): Promise<void> {
    const now = this.nowMs;
    const ended = this.inFlight.filter(({ endsAtMs }) => endsAtMs <= now);
    if (ended.length === 0) return;
    this.inFlight = this.inFlight.filter(({ endsAtMs }) => endsAtMs > now);
    const results = ended.map(({ delivery, status, durationMs }) => {
      const outcome = status === 200 ? 'succeeded' : 'failed';
      if (outcome === 'succeeded') this.stories.get(delivery.id)!.takenAtMs = now;
      const response = status === null ? null : { status, headers: {}, body: '', bodyTruncated: false };
      const error = status === null ? 'timeout' : null;
      const attempt = attempted(outcome, { durationMs, response, error });
      return judgeAttempt(delivery, attempt, {
        retryScheduleMs: SCHEDULE_MS,
        nowMs: Date.now(),
        random: this.random(),
      });
    });
    for (const part of [results.filter(isTaken), results.filter((result) => !isTaken(result))]) {
      if (part.length === 0) continue;
      await this.step(async (database) => {
        const { inTrouble } = await settleDeliveries(database, part);
        const tallies = tallyOutcomes(part, inTrouble);
        if (tallies.length > 0) await recordOutcomes(database, tallies, SLOTS);
      });
    }
  }

  /** @returns in how many milliseconds something may become due that is not. */
  private claim(): Promise<number> {
    const count = this.inFlight.length;
    const grant = grantOf({
      replicaId: this.replicaId,
      total: SLOTS - count,
      perWebhook: SLOTS,
      perEnvironment: SLOTS,
      webhookRooms: new Map(count > 0 ? [[this.webhookId, SLOTS - count]] : []),
      webhookCounts: new Map(count > 0 ? [[this.webhookId, count]] : []),
    });
    const scan = { probeIntervalMs: PROBE_INTERVAL_MS, after: null };
    return this.step(async (database) => {
      const { deliveries } = await claimDeliveries(database, grant, scan);
      for (const delivery of deliveries) this.start(delivery);
      return await nextDueInMs(database);
    });
  }

  private passMs(ms: number): void {
    this.clockMs += ms;
    this.skippedMs += ms;
  }

  /** One transaction at one moment of the simulation. */
  private step<Result>(work: (database: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(async (database) => {
      const [{ now }] = await database.query<[{ now: string }]>(
        `WITH clock AS (SELECT date_trunc('milliseconds', now()) AS now),
         passed AS (
           SELECT now - coalesce($1::timestamptz, now) - $2::int * interval '1 millisecond' AS time FROM clock
         ),
         queue AS (UPDATE delivery_queue SET due_at = due_at + time, leased_until = leased_until + time FROM passed),
         health AS (
           UPDATE webhook_health SET failing_since = failing_since + time, paused_until = paused_until + time,
             next_probe_at = next_probe_at + time, next_first_try_at = next_first_try_at + time,
             changed_at = changed_at + time
           FROM passed
         )
         SELECT now::text FROM clock`,
        [this.lastNow, this.skippedMs],
      );
      this.lastNow = now;
      this.skippedMs = 0;
      return await work(database);
    });
  }
}

/** Of what is held back, only time or an answer brings anything. */
async function nextDueInMs(database: Queryable): Promise<number> {
  const [row] = await database.query<[{ ms: number | null }]>(
    `SELECT extract(epoch FROM min(at) - now())::float8 * 1000 AS ms FROM (
       SELECT due_at AS at FROM delivery_queue WHERE lease IS NULL
       UNION ALL SELECT unnest(ARRAY[next_probe_at, next_first_try_at, paused_until]) FROM webhook_health
     ) times WHERE at > now()`,
  );
  return row.ms ?? Infinity;
}

function isTaken({ settlement }: { settlement: { kind: string } }): boolean {
  return settlement.kind === 'succeeded';
}
