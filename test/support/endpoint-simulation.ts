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

/** A function in a schema of its own, which stands in for PostgreSQL's wherever the schema comes first. */
const CLOCK = `
  CREATE SCHEMA IF NOT EXISTS simulation;
  CREATE OR REPLACE FUNCTION simulation.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_setting('simulation.now')::timestamptz $$;
  ALTER TABLE webhook_health ALTER COLUMN changed_at SET DEFAULT simulation.now()`;

/**
 * One endpoint and one replica with a clock of their own, on the statements and the rules of the product: each `now()` in them
 * is the simulation's, so the machine's speed changes nothing. The clock counts whole milliseconds, as some of the columns do.
 */
export class EndpointSimulation {
  readonly stories = new Map<string, Story>();
  /** Of each moment at which an attempt began: how many were in flight then. */
  readonly starts: { atMs: number; inFlight: number }[] = [];
  private readonly replicaId = randomUUID();
  private readonly beganAt = Date.now();
  private clockMs = 0;
  private inFlight: InFlight[] = [];

  private constructor(
    private readonly database: DataSource,
    private readonly environmentId: string,
    readonly webhookId: string,
    private readonly answer: Answer,
    private readonly random: () => number,
  ) {}

  static async create(database: DataSource, answer: Answer, random: () => number): Promise<EndpointSimulation> {
    await database.query(CLOCK);
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
      const dueInMs = await this.moment(async (database) => {
        while (next < arrivals.length && arrivals[next]!.atMs <= this.nowMs) {
          await this.publish(database, arrivals[next++]!.kind);
        }
        await this.endAttempts(database);
        return await this.claim(database);
      });
      const times = [untilMs, arrivals[next]?.atMs ?? Infinity, ...this.inFlight.map(({ endsAtMs }) => endsAtMs)];
      const waitMs = Math.min(...times.map((time) => time - this.nowMs), Math.max(dueInMs, POLL_MS));
      this.clockMs += Math.max(1, Math.ceil(waitMs));
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

  private async publish(database: Queryable, kind: string): Promise<void> {
    const room = SLOTS - this.inFlight.length;
    const event = makeEvent(this.environmentId);
    const { leased } = await accept(database, [event], { total: room, perWebhook: room, replicaId: this.replicaId });
    const [{ delivery_id: id }] = await database.query<[{ delivery_id: string }]>(
      'SELECT delivery_id FROM delivery_queue WHERE event_id = $1',
      [event.id],
    );
    this.stories.set(id, { kind, publishedAtMs: this.nowMs, attemptsAtMs: [], takenAtMs: null });
    for (const delivery of leased) this.start(delivery);
  }

  private start(delivery: LeasedDelivery): void {
    const story = this.stories.get(delivery.id)!;
    const { status, durationMs } = this.answer(story.kind, this.nowMs);
    story.attemptsAtMs.push(this.nowMs);
    this.inFlight.push({ delivery, status, durationMs, endsAtMs: this.nowMs + durationMs });
    this.starts.push({ atMs: this.nowMs, inFlight: this.inFlight.length });
  }

  private async endAttempts(database: Queryable): Promise<void> {
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
      const { inTrouble } = await settleDeliveries(database, part);
      const tallies = tallyOutcomes(part, inTrouble);
      if (tallies.length > 0) await recordOutcomes(database, tallies, SLOTS);
    }
  }

  /** @returns in how many milliseconds something may become due that is not. */
  private async claim(database: Queryable): Promise<number> {
    const count = this.inFlight.length;
    const grant = grantOf({
      replicaId: this.replicaId,
      total: SLOTS - count,
      perWebhook: SLOTS,
      perEnvironment: SLOTS,
      webhookRooms: new Map(count > 0 ? [[this.webhookId, SLOTS - count]] : []),
      webhookCounts: new Map(count > 0 ? [[this.webhookId, count]] : []),
    });
    const { deliveries } = await claimDeliveries(database, grant, { probeIntervalMs: PROBE_INTERVAL_MS, after: null });
    for (const delivery of deliveries) this.start(delivery);
    return nextDueInMs(database);
  }

  /** What happens at one moment of the simulation, in one transaction. */
  private moment<Result>(work: (database: EntityManager) => Promise<Result>): Promise<Result> {
    return this.database.transaction(async (database) => {
      await database.query(
        `SELECT set_config('search_path', 'simulation, pg_catalog, public', true), set_config('simulation.now', $1, true)`,
        [new Date(this.beganAt + this.nowMs).toISOString()],
      );
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
