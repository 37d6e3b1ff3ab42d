import type { WebhookState } from '../webhooks/webhook-revisions.repository.js';

export const NOT_SENT_REASONS = ['not_subscribed', 'inactive', 'not_yet_created', 'deleted'] as const;
export type NotSentReason = (typeof NOT_SENT_REASONS)[number];

/**
 * An event is matched a little after it came in, and a change is dated a little before its commit: usually
 * milliseconds. No statement takes longer than this.
 */
const SAME_MOMENT_MS = 60_000;

/**
 * Why a webhook has no delivery of an event: its state when the event came in tells. If that state wanted the event,
 * the webhook was changed in the same moment, and the state after or before tells.
 *
 * @param states around the event's time, oldest first.
 * @returns null when none tells: there was a delivery, which is no longer kept.
 */
export function whyNotSent(
  states: readonly WebhookState[],
  event: { eventType: string; createdAt: Date },
): NotSentReason | null {
  const at = states.findLastIndex(({ changedAt }) => changedAt <= event.createdAt);
  const [before, current, after] = [states[at - 1], states[at], states[at + 1]];
  if (!current) return 'not_yet_created';
  const isOfTheMoment = ({ changedAt }: WebhookState): boolean =>
    Math.abs(changedAt.getTime() - event.createdAt.getTime()) <= SAME_MOMENT_MS;

  const reason = refusalOf(current, event.eventType);
  if (reason) return reason;
  const later = after && isOfTheMoment(after) ? refusalOf(after, event.eventType) : null;
  if (later) return later;
  if (!isOfTheMoment(current)) return null;
  return before ? refusalOf(before, event.eventType) : 'not_yet_created';
}

/** Null: a webhook in this state gets such events. */
function refusalOf({ isDeleted, isActive, eventTypes }: WebhookState, eventType: string): NotSentReason | null {
  if (isDeleted) return 'deleted';
  if (!isActive) return 'inactive';
  return eventTypes === null || eventTypes.includes(eventType) ? null : 'not_subscribed';
}
