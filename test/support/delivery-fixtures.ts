import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { acceptEvents, type Acceptance, type IncomingEvent } from '../../src/deliveries/intake/accept-events.js';
import { recordOutcomes, type OutcomeTally, type RecordedHealth } from '../../src/deliveries/queue/record-health.js';
import { KnownTargets } from '../../src/deliveries/engine/known-targets.js';
import type { LeaseGrant } from '../../src/deliveries/queue/lease-grant.js';
import type { Queryable } from '../../src/database/queryable.js';
import type {
  AttemptRecord,
  DeliveryResult,
  SettledDelivery,
  Settlement,
} from '../../src/deliveries/delivery.types.js';

/** Makes an environment; returns its id. */
export async function makeEnvironment(database: DataSource): Promise<string> {
  const id = uuidV7();
  await database.query(`INSERT INTO environment (id, name, created_at, updated_at) VALUES ($1, 'test', now(), now())`, [
    id,
  ]);
  return id;
}

/** Makes a webhook with one secret (which opens nowhere); returns its id. */
export async function makeWebhook(
  database: DataSource,
  environmentId: string,
  options: { eventTypes?: string[]; isActive?: boolean } = {},
): Promise<string> {
  const id = uuidV7();
  await database.query(
    `INSERT INTO webhook (id, environment_id, target_url, is_active, event_types, created_at, updated_at)
     VALUES ($1, $2, 'https://example.com/webhook', $3, $4, now(), now())`,
    [id, environmentId, options.isActive ?? true, options.eventTypes ?? null],
  );
  await database.query(
    `INSERT INTO encryption_key (id, fingerprint, created_at) VALUES ('k1', '\\x00', now()) ON CONFLICT DO NOTHING`,
  );
  await database.query(
    `INSERT INTO webhook_secret (environment_id, webhook_id, id, key_id, ciphertext, created_at)
     VALUES ($1, $2, $3, 'k1', $4, now())`,
    [environmentId, id, uuidV7(), randomBytes(64)],
  );
  return id;
}

export function makeEvent(environmentId: string, overrides: Partial<IncomingEvent> = {}): IncomingEvent {
  const now = Date.now();
  return {
    id: uuidV7(now),
    environmentId,
    eventType: 'record:created',
    payload: '{"n":9007199254740993}',
    createdAt: new Date(now),
    idempotency: null,
    ...overrides,
  };
}

/** What a replica with nothing in flight may lease. */
export function grantOf(overrides: Partial<LeaseGrant> = {}): LeaseGrant {
  return {
    lease: randomUUID(),
    replicaId: randomUUID(),
    leaseMs: 45_000,
    total: 100,
    perWebhook: 100,
    webhookRooms: new Map(),
    perEnvironment: 100,
    environmentRooms: new Map(),
    webhookCounts: new Map(),
    knownTargets: new KnownTargets(),
    ...overrides,
  };
}

/** Accepts events as a replica with room for `total` attempts would. */
export function accept(
  database: Queryable,
  events: IncomingEvent[],
  options: Partial<LeaseGrant> = {},
): Promise<Acceptance> {
  const total = options.total ?? 0;
  return acceptEvents(database, events, grantOf({ total, perEnvironment: total, ...options }));
}

/** Attempts in flight to one webhook at most, in tests of an endpoint's health: it has recovered with as many. */
export const FULL_LIMIT = 3;

/** What attempts to one webhook came to. */
export function tallyOf(webhookId: string, tally: Partial<OutcomeTally>): OutcomeTally {
  return {
    webhookId,
    successes: 0,
    failures: 0,
    isRefused: false,
    relapseAfterMs: 60_000,
    pauseMs: null,
    endsPause: false,
    hastensProbe: false,
    lastFailure: null,
    ...tally,
  };
}

/** Records what attempts to one webhook came to. */
export async function recordHealth(
  database: DataSource,
  webhookId: string,
  tally: Partial<OutcomeTally>,
): Promise<RecordedHealth> {
  return (await recordOutcomes(database, [tallyOf(webhookId, tally)], FULL_LIMIT))[0]!;
}

/** Lets so many attempts fail over two minutes that the endpoint is down. Its next probe is in half a minute. */
export async function takeDown(database: DataSource, webhookId: string): Promise<RecordedHealth> {
  await recordHealth(database, webhookId, { failures: 19 });
  await database.query(`UPDATE webhook_health SET failing_since = now() - interval '2 minutes' WHERE webhook_id = $1`, [
    webhookId,
  ]);
  return recordHealth(database, webhookId, { failures: 1 });
}

export async function makeProbeDue(database: DataSource, webhookId: string): Promise<void> {
  await database.query(`UPDATE webhook_health SET next_probe_at = now() - interval '1 second' WHERE webhook_id = $1`, [
    webhookId,
  ]);
}

export function attempted(outcome: 'succeeded' | 'failed', overrides: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    startedAt: new Date(),
    durationMs: 12,
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 9, staleConnectionMs: null },
    sentAfterMs: 1,
    outcome,
    error: null,
    request: { url: 'https://example.com/webhook', headers: { 'webhook-id': 'x' } },
    response: {
      status: outcome === 'succeeded' ? 200 : 500,
      headers: { 'content-type': 'text/plain' },
      body: 'ok',
      bodyTruncated: false,
    },
    ...overrides,
  };
}

export function resultOf(
  delivery: SettledDelivery,
  settlement: Settlement,
  attempt: AttemptRecord | null,
): DeliveryResult {
  return { delivery, settlement, attempt, pauseWebhookMs: null };
}
