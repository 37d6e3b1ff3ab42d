import type { operations, webhooks } from './generated/api.js';

export type * from './generated/schemas.js';

export type OperationId = keyof operations;

/** What Tidings sends: one member for each event type, told apart by `event`. */
export type WebhookEvent = {
  [Event in keyof webhooks]: webhooks[Event]['post']['requestBody']['content']['application/json'];
}[keyof webhooks];

/** The member of `WebhookEvent` of these event types: `WebhookEventOf<'record:created'>`. */
export type WebhookEventOf<Event extends WebhookEvent['event']> = Extract<WebhookEvent, { event: Event }>;
