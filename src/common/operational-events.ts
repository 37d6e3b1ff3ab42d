/**
 * What the operator of an installation is told by webhook. Nobody can publish these types or subscribe to one of them:
 * they stand beside the event types of the API.
 */
export const OPERATIONAL_EVENT_TYPES = ['webhook.disabled', 'delivery.failed', 'backlog.old'] as const;
export type OperationalEventType = (typeof OPERATIONAL_EVENT_TYPES)[number];
