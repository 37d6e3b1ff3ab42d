import { integer, integerArray, uuid, uuidArray, type ValuesOf } from '../../database/statements/parameter-types.js';
import type { KnownTargets } from '../engine/known-targets.js';

/** The rooms are of those that have slots here; `perWebhook` and `perEnvironment` are for the others. */
export interface LeaseGrant {
  /** A fresh id: results count only under it. */
  lease: string;
  replicaId: string;
  leaseMs: number;
  total: number;
  perWebhook: number;
  webhookRooms: ReadonlyMap<string, number>;
  perEnvironment: number;
  environmentRooms: ReadonlyMap<string, number>;
  /** The slots that the webhooks of `webhookRooms` have here, those leased ahead among them. */
  webhookCounts: ReadonlyMap<string, number>;
  /** Webhooks that need not be read while their revision is the same. */
  knownTargets: KnownTargets;
}

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
