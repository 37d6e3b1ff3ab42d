import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { KnownTargets } from '../../src/deliveries/engine/known-targets.js';
import { claimDeliveries } from '../../src/deliveries/queue/claim-deliveries.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { Samples } from '../measures/samples.js';

const CLAIMED_AT_ONCE = 500;
const CLAIMS_MAX = 200;
/** So that a median means something. */
const CLAIMS_MIN = 25;
const LEASE_MS = 600_000;

/**
 * Claims with the service's own statement, as a replica would that has always room, until every webhook has been served
 * once, at least 25 times, and gives everything back.
 *
 * @param webhooks how many have something due.
 */
export async function measureClaims(client: pg.Client, webhooks: number): Promise<Record<string, number>> {
  const replicaId = randomUUID();
  const claimsMs = new Samples();
  const knownTargets = new KnownTargets();
  const served = new Set<string>();
  const database = {
    query: async <Row>(sql: string, parameters?: unknown[]) => (await client.query(sql, parameters)).rows as Row,
  };
  let after: string | null = null;
  let claims = 0;
  let claimed = 0;
  let claimsUntilAllServed: number | null = null;
  while ((claimsUntilAllServed === null || claims < CLAIMS_MIN) && claims < CLAIMS_MAX) {
    const startedAt = performance.now();
    const claim = await claimDeliveries(database, {
      replicaId,
      lease: uuidV7(),
      leaseMs: LEASE_MS,
      probeIntervalMs: LEASE_MS,
      total: CLAIMED_AT_ONCE,
      perWebhook: CLAIMED_AT_ONCE,
      webhookRooms: new Map(),
      webhookCounts: new Map(),
      knownTargets,
      after,
    });
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
