import { randomUUID } from 'node:crypto';
import { isObject } from './json-object.js';
import type { RequestOptions } from './options.js';
import type { PageList } from './page-list.js';
import type { Transport } from './transport.js';
import type {
  ApiToken,
  AuditEntry,
  BatchEvent,
  CreateApiToken,
  CreatedApiToken,
  CreateEnvironment,
  CreateWebhook,
  Deleted,
  Delivery,
  DeliveryDetail,
  Environment,
  EnvironmentErasure,
  ErrorCode,
  Event,
  EventBatch,
  EventDetail,
  EventTypeList,
  EventWebhook,
  PublishEvent,
  Query,
  Recover,
  Recovery,
  RecoveryCount,
  RotateSecret,
  UpdateEnvironment,
  UpdateWebhook,
  Webhook,
  WebhookHealth,
  WebhookSecret,
  WebhookStats,
  WebhookTest,
  WebhookTestResult,
  WebhookWithSecret,
} from './types.js';

export interface IdempotentRequestOptions extends RequestOptions {
  /**
   * What makes the request the same as an earlier one, from another process also: 1 to 255 characters of printable
   * ASCII, no space at either end. Default: a new UUID for each call, which its retries share.
   */
  idempotencyKey?: string | undefined;
}

/**
 * A payload: an object, which `JSON.stringify` writes, or the text of a JSON object, which receivers get character by
 * character. Text is for numbers that JavaScript does not have, such as integers beyond 2^53.
 */
export type Payload = object | string;

export type PublishInput = Omit<PublishEvent, 'payload'> & { payload: Payload };

export type BatchInput = { events: readonly (Omit<BatchEvent, 'payload'> & { payload: Payload })[] };

export class Webhooks {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Registers an endpoint. The answer alone, and that of `rotateSecret`, carries the secret. */
  async create(body: CreateWebhook, options: IdempotentRequestOptions = {}): Promise<WebhookWithSecret> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#transport.request('createWebhook', { body, idempotencyKey }, options);
  }

  list(query?: Query<'listWebhooks'>, options?: RequestOptions): PageList<Webhook> {
    return this.#transport.list('listWebhooks', { query }, options);
  }

  get(id: string, options?: RequestOptions): Promise<Webhook> {
    return this.#transport.request('getWebhook', { id }, options);
  }

  update(id: string, body: UpdateWebhook, options?: RequestOptions): Promise<Webhook> {
    return this.#transport.request('updateWebhook', { id, body }, options);
  }

  delete(id: string, options?: RequestOptions): Promise<Deleted> {
    return this.#transport.request('deleteWebhook', deletionOf(id, 'WEBHOOK_NOT_FOUND'), options);
  }

  /**
   * Sends one signed example event now. Not sent again when the outcome is unclear: the endpoint would get another.
   *
   * @throws TidingsError with `TEST_DELIVERY_FAILED` when the endpoint did not answer 2xx; `details` has what it did.
   */
  test(id: string, body: Omit<WebhookTest, 'id'> = {}, options?: RequestOptions): Promise<WebhookTestResult> {
    return this.#transport.request('testWebhook', { body: { ...body, id } }, options);
  }

  /**
   * Makes a new secret; the older ones stay good for the overlap. Its retries, and a later call with the same key, get the
   * same secret, as long as that is in use.
   */
  async rotateSecret(
    id: string,
    body: RotateSecret = {},
    options: IdempotentRequestOptions = {},
  ): Promise<WebhookWithSecret> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#transport.request('rotateWebhookSecret', { id, body, idempotencyKey }, options);
  }

  /** Those that sign, newest first, without themselves: when each was made, and when it ends. */
  secrets(id: string, query?: Query<'listWebhookSecrets'>, options?: RequestOptions): PageList<WebhookSecret> {
    return this.#transport.list('listWebhookSecrets', { id, query }, options);
  }

  stats(id: string, query?: Query<'getWebhookStats'>, options?: RequestOptions): Promise<WebhookStats> {
    return this.#transport.request('getWebhookStats', { id, query }, options);
  }

  /**
   * Brings back what the webhook missed, or with `dry_run` counts it. Not sent again when the outcome is unclear, but for
   * a dry run: ask for `recovery` what became of it.
   */
  recover(id: string, body: Recover & { dry_run: true }, options?: RequestOptions): Promise<RecoveryCount>;
  recover(id: string, body: Recover & { dry_run?: false }, options?: RequestOptions): Promise<Recovery>;
  recover(id: string, body: Recover, options?: RequestOptions): Promise<Recovery | RecoveryCount>;
  async recover(id: string, body: Recover, options?: RequestOptions): Promise<Recovery | RecoveryCount> {
    return this.#transport.request('recoverWebhook', { id, body, isRepeatable: body.dry_run === true }, options);
  }

  /** How the endpoint is doing, since when, and what waits for it. */
  health(id: string, options?: RequestOptions): Promise<WebhookHealth> {
    return this.#transport.request('getWebhookHealth', { id }, options);
  }

  /** Forgets what is known against the endpoint: what waits goes out at once. */
  clearHealth(id: string, options?: RequestOptions): Promise<WebhookHealth> {
    return this.#transport.request('clearWebhookHealth', { id }, options);
  }

  /** The latest recovery. */
  recovery(id: string, options?: RequestOptions): Promise<Recovery> {
    return this.#transport.request('getWebhookRecovery', { id }, options);
  }

  stopRecovery(id: string, options?: RequestOptions): Promise<Recovery> {
    return this.#transport.request('stopWebhookRecovery', { id }, options);
  }
}

export class Events {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Publishes an event. Once this is answered, it is stored. */
  async publish(event: PublishInput, options: IdempotentRequestOptions = {}): Promise<Event> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#transport.request('publishEvent', { json: jsonOf(event), idempotencyKey }, options);
  }

  /** Publishes 1 to 1,000 events, all or none. Those without an `idempotency_key` get one, which the retries share. */
  async publishBatch({ events }: BatchInput, options?: RequestOptions): Promise<EventBatch> {
    const members = events.map((event) => jsonOf({ ...event, idempotency_key: event.idempotency_key ?? randomUUID() }));
    const input = { json: `{"events":[${members.join(',')}]}`, isRepeatable: true };
    return this.#transport.request('publishEventBatch', input, options);
  }

  list(query?: Query<'listEvents'>, options?: RequestOptions): PageList<Event> {
    return this.#transport.list('listEvents', { query }, options);
  }

  /** An event with its payload, in which integers beyond 2^53 lose digits: its numbers are those of `JSON.parse`. */
  get(id: string, options?: RequestOptions): Promise<EventDetail> {
    return this.#transport.request('getEvent', { id }, options);
  }

  /** Removes the payload for good and cancels what is not delivered. */
  delete(id: string, options?: RequestOptions): Promise<Deleted> {
    return this.#transport.request('deleteEvent', deletionOf(id, 'EVENT_NOT_FOUND'), options);
  }

  /** Which webhooks got the event, and why the others did not. */
  webhooks(id: string, query?: Query<'listEventWebhooks'>, options?: RequestOptions): PageList<EventWebhook> {
    return this.#transport.list('listEventWebhooks', { id, query }, options);
  }
}

export class Deliveries {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(query?: Query<'listDeliveries'>, options?: RequestOptions): PageList<Delivery> {
    return this.#transport.list('listDeliveries', { query }, options);
  }

  /** A delivery with its attempts. */
  get(id: string, options?: RequestOptions): Promise<DeliveryDetail> {
    return this.#transport.request('getDelivery', { id }, options);
  }

  /** Sends it again. The request itself is not sent again when the outcome is unclear: the endpoint would get it twice. */
  retry(id: string, options?: RequestOptions): Promise<Delivery> {
    return this.#transport.request('retryDelivery', { id }, options);
  }
}

export class EventTypes {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All of them, each with a description and an example. */
  list(options?: RequestOptions): Promise<EventTypeList> {
    return this.#transport.request('listEventTypes', {}, options);
  }
}

/** For the admin token. */
export class Environments {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Not sent again when the outcome is unclear: it could make two. */
  create(body: CreateEnvironment, options?: RequestOptions): Promise<Environment> {
    return this.#transport.request('createEnvironment', { body }, options);
  }

  list(query?: Query<'listEnvironments'>, options?: RequestOptions): PageList<Environment> {
    return this.#transport.list('listEnvironments', { query }, options);
  }

  get(id: string, options?: RequestOptions): Promise<Environment> {
    return this.#transport.request('getEnvironment', { id }, options);
  }

  update(id: string, body: UpdateEnvironment, options?: RequestOptions): Promise<Environment> {
    return this.#transport.request('updateEnvironment', { id, body }, options);
  }

  delete(id: string, options?: RequestOptions): Promise<Deleted> {
    return this.#transport.request('deleteEnvironment', deletionOf(id, 'ENVIRONMENT_NOT_FOUND'), options);
  }

  /** How far the removal of a deleted environment's data is. */
  erasure(id: string, options?: RequestOptions): Promise<EnvironmentErasure> {
    return this.#transport.request('getEnvironmentErasure', { id }, options);
  }
}

/** For the admin token. */
export class ApiTokens {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The answer alone carries the token. Not sent again when the outcome is unclear: it could make one that nobody knows. */
  create(body: CreateApiToken, options?: RequestOptions): Promise<CreatedApiToken> {
    return this.#transport.request('createApiToken', { body }, options);
  }

  list(query?: Query<'listApiTokens'>, options?: RequestOptions): PageList<ApiToken> {
    return this.#transport.list('listApiTokens', { query }, options);
  }

  get(id: string, options?: RequestOptions): Promise<ApiToken> {
    return this.#transport.request('getApiToken', { id }, options);
  }

  delete(id: string, options?: RequestOptions): Promise<Deleted> {
    return this.#transport.request('deleteApiToken', deletionOf(id, 'API_TOKEN_NOT_FOUND'), options);
  }
}

/** For the admin token. */
export class Audit {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Who changed what. */
  list(query?: Query<'listAuditEntries'>, options?: RequestOptions): PageList<AuditEntry> {
    return this.#transport.list('listAuditEntries', { query }, options);
  }
}

/** @param goneCode what a second deletion is answered, when the first one was done and its answer lost. */
function deletionOf(id: string, goneCode: ErrorCode): { id: string; ifGone: { code: ErrorCode; answer: Deleted } } {
  return { id, ifGone: { code: goneCode, answer: { id } } };
}

/** The event as JSON, its payload as it is if that is text. */
function jsonOf({ payload, ...rest }: BatchInput['events'][number]): string {
  // Only the end is replaced by the payload, so nothing else may stand there: no toJSON of the event is asked.
  const frame = JSON.stringify({ ...rest, toJSON: undefined, payload: null });
  return `${frame.slice(0, -'null}'.length)}${objectTextOf(payload)}}`;
}

function objectTextOf(payload: Payload): string {
  if (typeof payload === 'string') {
    if (isObjectText(payload)) return payload;
  } else {
    // Undefined for a function, or for a toJSON that returns nothing.
    const text = JSON.stringify(payload) as string | undefined;
    if (text?.startsWith('{')) return text;
  }
  throw new TypeError('a payload has to be an object, or the text of a JSON object in well-formed Unicode');
}

function isObjectText(text: string): boolean {
  // In UTF-8 half of a pair would become U+FFFD.
  if (/\p{Surrogate}/u.test(text)) return false;
  try {
    // Text that is more than one object would put members of its own beside the payload.
    return isObject(JSON.parse(text));
  } catch {
    // Not as the cause: the parser's message quotes the payload.
    return false;
  }
}
