import { type Context, onFreshSite } from '../context.js';
import type { Arrivals } from '../helpers/load-run.js';
import type { Options } from '../options.js';
import type { Result } from '../report/result.js';
import { measureLoad } from './measure-load.js';
import { addWebhook, addWebhooks } from './webhooks.js';

/** Publishes as fast as the service accepts. */
export interface IntakeShape {
  scenario: '1' | '2' | 'one' | 'sizes';
  eventsPerRequest: number;
  arrivals: Arrivals;
}

/** Eight requests at a time are more than the service commits at once, so it never waits for the load. */
export const BATCH_INTAKE: IntakeShape = {
  scenario: '1',
  eventsPerRequest: 100,
  arrivals: { kind: 'closed', connections: 8 },
};

export const SINGLE_INTAKE: IntakeShape = {
  scenario: '2',
  eventsPerRequest: 1,
  arrivals: { kind: 'closed', connections: 64 },
};

export function measureBatchIntake(context: Context): Promise<Result[]> {
  return measureIntake(context, BATCH_INTAKE);
}

export function measureSingleIntake(context: Context): Promise<Result[]> {
  return measureIntake(context, SINGLE_INTAKE);
}

async function measureIntake(context: Context, shape: IntakeShape): Promise<Result[]> {
  return onFreshSite(context, {}, async (site) => {
    const streams = await addWebhooks(context, site);
    return [await measureLoad(context, site, { ...shape, ...intakeTimes(context.options), streams })];
  });
}

/** One webhook alone: IN_FLIGHT_PER_WEBHOOK and the time of its answers bound it. */
export function measureOneWebhook(context: Context): Promise<Result[]> {
  return onFreshSite(context, {}, async (site) => {
    const tenant = await site.installation.createTenant();
    const streams = [await addWebhook(context, site, tenant, 0)];
    const shape = { ...SINGLE_INTAKE, scenario: 'one' as const };
    return [await measureLoad(context, site, { ...shape, ...intakeTimes(context.options), streams })];
  });
}

const PAYLOAD_SIZES = [600, 7_000];

/** Scenario 2 with larger payloads. */
export async function measureSizes(context: Context): Promise<Result[]> {
  const results: Result[] = [];
  for (const payloadBytes of PAYLOAD_SIZES) {
    const result = await onFreshSite(context, {}, async (site) => {
      const streams = await addWebhooks(context, site);
      const shape = { ...SINGLE_INTAKE, scenario: 'sizes' as const, label: `${payloadBytes} bytes`, payloadBytes };
      return measureLoad(context, site, { ...shape, ...intakeTimes(context.options), streams });
    });
    results.push(result);
    await context.receiver.call('reset', null);
  }
  return results;
}

export function intakeTimes({ seconds, isQuick }: Options): { seconds: number; warmUpSeconds: number } {
  return { seconds: seconds ?? (isQuick ? 3 : 10), warmUpSeconds: isQuick ? 2 : 4 };
}
