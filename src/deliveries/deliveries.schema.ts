import type { FeatureSchema } from '../database/feature-schema.js';
import { ACCEPT_EVENTS } from './intake/accept-events.js';
import { DEFER_EVENTS } from './intake/defer-events.js';
import { CLAIM_DELIVERIES } from './queue/claim-deliveries.js';
import { COUNT_PENDING } from './queue/count-pending.js';
import { FIND_DELIVERY } from './queue/delivery-reads.js';
import { EXPAND_FAN_OUT } from './queue/expand-fan-out.js';
import {
  LIST_DELIVERIES_BY_ID,
  LIST_DELIVERIES_OF_ENVIRONMENT,
  LIST_DELIVERIES_OF_WEBHOOK,
} from './queue/list-deliveries.js';
import { RESCUE_DELIVERIES } from './queue/rescue-deliveries.js';
import { REQUEUE_DELIVERY } from './queue/requeue-delivery.js';
import { SETTLE_DELIVERIES, SETTLE_SUCCESSES } from './queue/settle-deliveries.js';

export const deliveriesSchema: FeatureSchema = {
  entities: [],
  statements: [
    ACCEPT_EVENTS,
    DEFER_EVENTS,
    CLAIM_DELIVERIES,
    ...Object.values(COUNT_PENDING),
    EXPAND_FAN_OUT,
    FIND_DELIVERY,
    LIST_DELIVERIES_BY_ID,
    LIST_DELIVERIES_OF_ENVIRONMENT,
    LIST_DELIVERIES_OF_WEBHOOK,
    RESCUE_DELIVERIES,
    REQUEUE_DELIVERY,
    SETTLE_DELIVERIES,
    SETTLE_SUCCESSES,
  ],
};
