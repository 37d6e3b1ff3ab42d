import type { WebhookState } from '../webhooks/webhook-revisions.repository.js';

/** Why an event has no delivery to a webhook. */
export const NOT_SENT_REASONS = ['not_subscribed', 'inactive', 'not_yet_created', 'deleted'] as const;
export type NotSentReason = (typeof NOT_SENT_REASONS)[number];

/**
 * An event is matched a little after it came in, and a change has a time from a little before its commit. Both usually take
 * milliseconds, and no statement takes longer than this.
 */
const SAME_MOMENT_MS = 60_000;

/**
 * Why a webhook that has no delivery of an event has none: the state that it was in when the event came in says it. If
 * that state would have got it, the webhook was changed in the same moment, and the state after or before says it.
 *
 * @param states around the event's time, oldest first.
 * @returns null when none says it: there was a delivery, which is not kept any more.
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

/** Why a webhook in this state gets no event of the type; null: it gets it. */
function refusalOf({ isDeleted, isActive, eventTypes }: WebhookState, eventType: string): NotSentReason | null {
  if (isDeleted) return 'deleted';
  if (!isActive) return 'inactive';
  return eventTypes === null || eventTypes.includes(eventType) ? null : 'not_subscribed';
}
