import { DAY_MS } from '../../src/database/partitions/day-partition.js';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import type { HistoryPlan, HistoryWebhook } from '../service/history.js';
import { WEBHOOKS } from './webhooks.js';

/** The default of RETENTION_DAYS. */
export const RETAINED_DAYS = 30;

const SEED = 1;
const WAITING_SEED = 2;

/** A tenth as much as has ended waits, at most this, for endpoints that broke down a day ago. */
const WAITING_MAX = 100_000;
const WAITING_DAYS = 1;

/** The oldest deliveries are of a type that no webhook takes any more, so that no page reaches them. */
const RARE = { eventType: EVENT_TYPE_NAMES[WEBHOOKS]!, count: 20, webhooks: WEBHOOKS };

export interface GrowthPlan {
  ended: HistoryPlan;
  waiting: HistoryPlan;
}

/**
 * @param webhooks the first 20 are those of the tenant that is measured.
 * @param untilMs now, in Unix milliseconds.
 */
export function growthPlan(size: number, webhooks: readonly HistoryWebhook[], untilMs: number): GrowthPlan {
  const plan = { untilMs, webhooks, rare: RARE };
  return {
    ended: { ...plan, seed: SEED, count: size, fromMs: untilMs - RETAINED_DAYS * DAY_MS },
    waiting: {
      ...plan,
      seed: WAITING_SEED,
      count: Math.min(WAITING_MAX, Math.floor(size / 10)),
      fromMs: untilMs - WAITING_DAYS * DAY_MS,
      rare: { ...RARE, count: 0 },
    },
  };
}
