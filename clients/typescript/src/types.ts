import type { operations, webhooks } from './generated/api.js';
import type { OPERATIONS } from './generated/operations.js';

export type * from './generated/schemas.js';

/** What Tidings sends: one member for each event type, told apart by `event`. */
export type WebhookEvent = {
  [Event in keyof webhooks]: webhooks[Event]['post']['requestBody']['content']['application/json'];
}[keyof webhooks];

/** The member of `WebhookEvent` of these event types: `WebhookEventOf<'record:created'>`. */
export type WebhookEventOf<Event extends WebhookEvent['event']> = Extract<WebhookEvent, { event: Event }>;

/** The name of an operation in the OpenAPI document of the API. */
export type OperationId = keyof typeof OPERATIONS;

type Json<Message> = Message extends { content: { 'application/json': infer Body } } ? Body : never;

/** What an operation answers when it succeeds. */
export type Answer<Id extends OperationId> = Json<operations[Id]['responses'][keyof operations[Id]['responses']]>;

/** What an operation takes as its body. */
export type Body<Id extends OperationId> = Json<NonNullable<operations[Id]['requestBody']>>;

type QueryOf<Id extends OperationId> = NonNullable<operations[Id]['parameters']['query']>;

type ActedIn<Id extends OperationId> = (typeof OPERATIONS)[Id]['actsInEnvironment'] extends true
  ? 'environment_id'
  : never;

/**
 * What an operation takes as its query, but for the environment to act in: that is an option of the client. What is
 * undefined is left out, and so is a `next_cursor` that is null: the list begins at its beginning.
 */
export type Query<Id extends OperationId> = {
  [Name in keyof QueryOf<Id> as Exclude<Name, ActedIn<Id>>]:
    OneOrSeveral<QueryOf<Id>[Name]> | (Name extends 'next_cursor' ? null : never) | undefined;
};

/** A filter that takes several values takes one, too. */
type OneOrSeveral<Value> = Value extends readonly (infer Item)[] ? Item | readonly Item[] : Value;

/** One page of a list. */
export interface Page<Item> {
  result: Item[];
  /** Where the next page starts; null on the last one. */
  next_cursor: string | null;
  /** The limit that was applied. */
  limit: number;
}

/** The operations that answer pages. */
export type PagedOperationId = {
  [Id in OperationId]: Answer<Id> extends Page<unknown> ? Id : never;
}[OperationId];

/** What a paged operation lists. */
export type ItemOf<Id extends PagedOperationId> = Answer<Id> extends Page<infer Item> ? Item : never;
