import { integer, integerArray, uuid, uuidArray, type ValuesOf } from '../../database/statements/parameter-types.js';
import type { KnownTargets } from '../engine/known-targets.js';

/** What a statement may lease to a replica, and under which lease. */
export interface LeaseGrant {
  /** A fresh id: what is recorded of a delivery counts only under it. */
  lease: string;
  replicaId: string;
  leaseMs: number;
  /** Deliveries of all webhooks together. */
  total: number;
  /** Deliveries of one webhook, where `webhookRooms` does not say otherwise. */
  perWebhook: number;
  /** Webhooks that have attempts in flight here, with the room that is left to each. */
  webhookRooms: ReadonlyMap<string, number>;
  /** Deliveries of all webhooks of one environment, where `environmentRooms` does not say otherwise. */
  perEnvironment: number;
  /** Environments that have attempts in flight here, with the room that is left to each. */
  environmentRooms: ReadonlyMap<string, number>;
  /** The webhooks of `webhookRooms`, with what they have in flight here. */
  webhookCounts: ReadonlyMap<string, number>;
  /** Webhooks that need not be read when their revision is still the same. */
  knownTargets: KnownTargets;
}

/** The grant as parameters of a statement: what both statements use that lease deliveries. */
export const leaseGrantParameters = {
  lease: uuid,
  replica_id: uuid,
  lease_ms: integer,
  total: integer,
  per_webhook: integer,
  room_webhook_ids: uuidArray,
  webhook_rooms: integerArray,
  per_environment: integer,
  room_environment_ids: uuidArray,
  environment_rooms: integerArray,
};

export function leaseGrantValues(grant: LeaseGrant): ValuesOf<typeof leaseGrantParameters> {
  return {
    lease: grant.lease,
    replica_id: grant.replicaId,
    lease_ms: grant.leaseMs,
    total: grant.total,
    per_webhook: grant.perWebhook,
    room_webhook_ids: [...grant.webhookRooms.keys()],
    webhook_rooms: [...grant.webhookRooms.values()],
    per_environment: grant.perEnvironment,
    room_environment_ids: [...grant.environmentRooms.keys()],
    environment_rooms: [...grant.environmentRooms.values()],
  };
}
