import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { KnownTargets } from '../../src/deliveries/engine/known-targets.js';
import { type Claim, claimDeliveries } from '../../src/deliveries/queue/claim-deliveries.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { type Distribution, Samples } from '../measures/samples.js';

const CLAIMED_AT_ONCE = 500;
const CLAIMS_MAX = 200;
/** A median needs this many. */
const CLAIMS_MIN = 25;
/** The first is not measured. */
const LONE_CLAIMS = 51;
const LEASE_MS = 600_000;

/**
 * Claims with the service's own statement, as a replica with room would, until every webhook was served once, and at
 * least 25 times. Gives everything back.
 *
 * @param webhooks how many have something due.
 */
export async function measureClaims(client: pg.Client, webhooks: number): Promise<Record<string, number>> {
  const replicaId = randomUUID();
  const claimsMs = new Samples();
  const knownTargets = new KnownTargets();
  const served = new Set<string>();
  let after: string | null = null;
  let claims = 0;
  let claimed = 0;
  let claimsUntilAllServed: number | null = null;
  while ((claimsUntilAllServed === null || claims < CLAIMS_MIN) && claims < CLAIMS_MAX) {
    const startedAt = performance.now();
    const claim: Claim = await claimOnce(client, { replicaId, knownTargets, after });
    claimsMs.add(performance.now() - startedAt);
    for (const { target } of claim.deliveries) served.add(target.webhookId);
    ({ after } = claim);
    claims += 1;
    claimed += claim.deliveries.length;
    if (served.size === webhooks) claimsUntilAllServed ??= claims;
  }
  await client.query(
    'UPDATE delivery_queue SET lease = NULL, leased_by = NULL, leased_until = NULL WHERE leased_by = $1',
    [replicaId],
  );
  await client.query('VACUUM delivery_queue');
  const { p50, max } = claimsMs.distribution;
  return {
    claimMedianMs: p50,
    claimMaxMs: max,
    deliveriesPerClaim: claimed / claims,
    webhooksServed: served.size,
    claimsUntilAllServed: claimsUntilAllServed ?? Infinity,
  };
}

/**
 * Claims with the service's own statement and rolls back, so that each claim finds the same.
 *
 * @returns milliseconds, without the commit.
 */
export async function measureLoneClaims(client: pg.Client): Promise<Distribution> {
  const knownTargets = new KnownTargets();
  const claimsMs = new Samples();
  for (let round = 0; round < LONE_CLAIMS; round += 1) {
    await client.query('BEGIN');
    const startedAt = performance.now();
    const { deliveries } = await claimOnce(client, { replicaId: randomUUID(), knownTargets, after: null });
    // The first makes the plan and reads the webhooks.
    if (round > 0) claimsMs.add(performance.now() - startedAt);
    await client.query('ROLLBACK');
    await client.query('VACUUM delivery_queue');
    if (deliveries.length === 0) throw new Error('a claim found nothing due');
  }
  return claimsMs.distribution;
}

function claimOnce(
  client: pg.Client,
  { after, ...own }: { replicaId: string; knownTargets: KnownTargets; after: string | null },
): Promise<Claim> {
  const database = {
    query: async <Row>(sql: string, parameters?: unknown[]) => (await client.query(sql, parameters)).rows as Row,
  };
  const grant = {
    ...own,
    lease: uuidV7(),
    leaseMs: LEASE_MS,
    total: CLAIMED_AT_ONCE,
    perWebhook: CLAIMED_AT_ONCE,
    webhookRooms: new Map(),
    perEnvironment: CLAIMED_AT_ONCE,
    environmentRooms: new Map(),
    webhookCounts: new Map(),
  };
  return claimDeliveries(database, grant, { probeIntervalMs: LEASE_MS, after });
}
