import { CLAIM_DELIVERIES } from '../deliveries/queue/claim-deliveries.js';
import { COUNT_PENDING } from '../deliveries/queue/count-pending.js';
import { EXPAND_FAN_OUT } from '../deliveries/queue/expand-fan-out.js';
import { LIST_DELIVERIES_OF_ENVIRONMENT, LIST_DELIVERIES_OF_WEBHOOK } from '../deliveries/queue/delivery-reads.js';
import { COUNT_RECOVERABLE } from '../deliveries/queue/count-recoverable.js';
import { RECOVER_DELIVERIES } from '../deliveries/queue/recover-deliveries.js';
import { SETTLE_DELIVERIES, SETTLE_SUCCESSES } from '../deliveries/queue/settle-deliveries.js';
import { FIND_BUCKETS } from '../deliveries/stats/stats.repository.js';
import { ACCEPT_EVENTS } from '../events/accept-events.js';
import { DEFER_EVENTS } from '../events/defer-events.js';
import { LIST_EVENTS } from '../events/event-reads.js';
import { INSERT_WEBHOOK } from '../webhooks/insert-webhook.js';
import type { StoredStatement } from './stored-statement.js';

/** Every stored statement: explicit, like the entities, so that a start can create what is missing. */
export const storedStatements: readonly StoredStatement<unknown>[] = [
  ACCEPT_EVENTS,
  CLAIM_DELIVERIES,
  ...Object.values(COUNT_PENDING),
  COUNT_RECOVERABLE,
  DEFER_EVENTS,
  EXPAND_FAN_OUT,
  FIND_BUCKETS,
  INSERT_WEBHOOK,
  LIST_DELIVERIES_OF_ENVIRONMENT,
  LIST_DELIVERIES_OF_WEBHOOK,
  LIST_EVENTS,
  RECOVER_DELIVERIES,
  SETTLE_DELIVERIES,
  SETTLE_SUCCESSES,
];
