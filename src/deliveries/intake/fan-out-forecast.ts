import { Injectable } from '@nestjs/common';
import { ApiError } from '../../http/errors.js';
import { Config } from '../../config/config.js';
import { SubscriberCounts } from '../../webhooks/subscriber-counts.js';
import type { IncomingEvent } from './accept-events.js';
import { PendingLimit } from './pending-limit.js';

/**
 * Deliveries that the storing statement makes at most, in under 0.1 s. To defer more costs nothing: deliveries beyond
 * the default IN_FLIGHT_LIMIT have to be claimed anyway.
 */
export const INLINE_DELIVERIES = 2_000;

/** Events of one environment, accepted all or none. */
export interface EventGroup {
  events: readonly IncomingEvent[];
  /** A guess, by what its events made before. */
  deliveries: number;
}

export interface Plan<Group> {
  inline: Group[];
  deferred: Group[];
  refused: { group: Group; error: unknown }[];
}

/**
 * Tells before events are written how many deliveries they owe, and so how to write them. It counts webhooks only when
 * that could change the answer.
 */
@Injectable()
export class FanOutForecast {
  private readonly limit: number;
  private readonly mostWebhooks: number;

  constructor(
    private readonly subscribers: SubscriberCounts,
    private readonly pending: PendingLimit,
    config: Config,
  ) {
    this.limit = config.pendingDeliveriesPerEnvironment;
    this.mostWebhooks = config.webhooksPerEnvironment;
  }

  /**
   * Environments that owe least are `inline` first.
   *
   * @param inlineDeliveries how many deliveries of these groups one statement may make.
   */
  async plan<Group extends EventGroup>(
    groups: readonly Group[],
    inlineDeliveries = INLINE_DELIVERIES,
  ): Promise<Plan<Group>> {
    const plan: Plan<Group> = { inline: [], deferred: [], refused: [] };
    if (!this.mayMatter(groups, inlineDeliveries)) return { ...plan, inline: [...groups] };
    const owed = await this.owedBy(groups);
    const isInline = inlineEnvironments(groups, owed, inlineDeliveries);
    for (const group of groups) {
      const environmentId = environmentOf(group);
      const deliveries = owed.get(group)!;
      try {
        this.refuseTooLarge(deliveries);
        if (!isInline.has(environmentId)) this.pending.checkFits(environmentId, deliveries);
        (isInline.has(environmentId) ? plan.inline : plan.deferred).push(group);
      } catch (error) {
        plan.refused.push({ group, error });
      }
    }
    return plan;
  }

  private mayMatter(groups: readonly EventGroup[], inlineDeliveries: number): boolean {
    const most = Math.min(inlineDeliveries, this.limit);
    const events = groups.reduce((sum, group) => sum + group.events.length, 0);
    // An environment may have more webhooks than the setting now allows.
    return events * this.mostWebhooks > most || groups.reduce((sum, group) => sum + group.deliveries, 0) > most;
  }

  private async owedBy<Group extends EventGroup>(groups: readonly Group[]): Promise<Map<Group, number>> {
    const counts = await this.subscribers.of(groups.map(environmentOf));
    return new Map(
      groups.map((group) => {
        const subscribers = counts.get(environmentOf(group))!;
        return [group, group.events.reduce((sum, { eventType }) => sum + subscribers.of(eventType), 0)];
      }),
    );
  }

  /** It would not fit with nothing else pending, so it never will. */
  private refuseTooLarge(deliveries: number): void {
    if (deliveries <= this.limit) return;
    throw new ApiError(
      'FAN_OUT_TOO_LARGE',
      `The request owes ${deliveries} deliveries; PENDING_DELIVERIES_PER_ENVIRONMENT allows ${this.limit}`,
      { details: { deliveries, limit: this.limit } },
    );
  }
}

/** The environments whose deliveries one statement may make together, those that owe least first. */
function inlineEnvironments<Group extends EventGroup>(
  groups: readonly Group[],
  owed: ReadonlyMap<Group, number>,
  inlineDeliveries: number,
): Set<string> {
  const totals = new Map<string, number>();
  for (const group of groups) {
    const environmentId = environmentOf(group);
    totals.set(environmentId, (totals.get(environmentId) ?? 0) + owed.get(group)!);
  }
  let left = inlineDeliveries;
  const inline = new Set<string>();
  for (const [environmentId, deliveries] of [...totals].sort(([, a], [, b]) => a - b)) {
    left -= deliveries;
    if (left >= 0) inline.add(environmentId);
  }
  return inline;
}

function environmentOf({ events }: EventGroup): string {
  return events[0]!.environmentId;
}
