import type { WebhookChangeKind } from './delivery-control.js';
import type { DisabledReason, Webhook } from './webhook.entity.js';
import type { WebhookRevision } from './webhook-revision.entity.js';
import type { EventType } from './event-types.js';

export interface WebhookPatch {
  targetUrl?: string;
  isActive?: boolean;
  /** Null: every type. */
  eventTypes?: EventType[] | null;
}

type ChangedField = 'target_url' | 'is_active' | 'event_types';

/** A change, not yet written. */
export interface WebhookTransition {
  webhook: Webhook;
  /** Null when it does not concern deliveries. */
  kind: WebhookChangeKind | null;
  changedFields: ChangedField[];
}

/**
 * Null when the patch changes nothing.
 *
 * @param now the database's time.
 */
export function patched(webhook: Webhook, patch: WebhookPatch, now: Date): WebhookTransition | null {
  const { targetUrl = webhook.targetUrl, isActive = webhook.isActive, eventTypes = webhook.eventTypes } = patch;
  const isRetargeted = targetUrl !== webhook.targetUrl;
  const isSwitched = isActive !== webhook.isActive;
  const changedFields: ChangedField[] = [];
  if (isRetargeted) changedFields.push('target_url');
  if (isSwitched) changedFields.push('is_active');
  if (!isSameSubscription(eventTypes, webhook.eventTypes)) changedFields.push('event_types');
  if (changedFields.length === 0) return null;

  const next = revised({ ...webhook, targetUrl, isActive, eventTypes }, now);
  if (isSwitched) {
    next.disabledAt = isActive ? null : next.updatedAt;
    next.disabledReason = isActive ? null : 'manual';
    return { webhook: next, kind: isActive ? 'reactivated' : 'deactivated', changedFields };
  }
  return { webhook: next, kind: isRetargeted && isActive ? 'retargeted' : null, changedFields };
}

/** For Tidings' own reasons. Null when the webhook is inactive already. */
export function disabled(webhook: Webhook, reason: DisabledReason, now: Date): WebhookTransition | null {
  if (!webhook.isActive) return null;
  const next = revised({ ...webhook, isActive: false, disabledReason: reason }, now);
  next.disabledAt = next.updatedAt;
  return { webhook: next, kind: 'deactivated', changedFields: ['is_active'] };
}

export function revisionOf(webhook: Webhook, changedBy: string): WebhookRevision {
  return {
    environmentId: webhook.environmentId,
    webhookId: webhook.id,
    revision: webhook.revision,
    targetUrl: webhook.targetUrl,
    isActive: webhook.isActive,
    eventTypes: webhook.eventTypes,
    isDeleted: webhook.deletedAt !== null,
    changedBy,
    changedAt: webhook.updatedAt,
  };
}

export function revised(webhook: Webhook, now: Date): Webhook {
  // Must grow even for two changes within a millisecond, or when the clock was set back.
  const updatedAt = new Date(Math.max(now.getTime(), webhook.updatedAt.getTime() + 1));
  return { ...webhook, revision: webhook.revision + 1, updatedAt };
}

function isSameSubscription(a: EventType[] | null, b: EventType[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((type, index) => type === b[index]);
}
