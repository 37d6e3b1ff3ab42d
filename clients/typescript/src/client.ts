import type { RequestOptions, TidingsOptions } from './options.js';
import { ApiTokens, Audit, Deliveries, Environments, Events, EventTypes, Webhooks } from './resources.js';
import { Transport } from './transport.js';
import type { EnvironmentStats, Me, Query } from './types.js';

/**
 * A client of the API of Tidings. It holds no connection of its own, so it needs no closing, and one serves a whole
 * process.
 *
 * A request that fails is sent again where that leaves the same as sending it once, if nobody else changes the same
 * thing in between: after a broken connection, a timeout, a 502, a 503 or a 504 only what changes nothing, what can be
 * done twice, and what carries an idempotency key; after a 408 and a 429, which say that nothing was done, every request.
 * `Retry-After` is honoured up to a minute; what asks for more is thrown at once.
 */
export class Tidings {
  readonly webhooks: Webhooks;
  readonly events: Events;
  readonly deliveries: Deliveries;
  readonly eventTypes: EventTypes;
  readonly environments: Environments;
  readonly apiTokens: ApiTokens;
  readonly audit: Audit;
  readonly #transport: Transport;

  /** @throws TypeError when an option does not have the documented form. */
  constructor(options: TidingsOptions) {
    this.#transport = new Transport(options);
    this.webhooks = new Webhooks(this.#transport);
    this.events = new Events(this.#transport);
    this.deliveries = new Deliveries(this.#transport);
    this.eventTypes = new EventTypes(this.#transport);
    this.environments = new Environments(this.#transport);
    this.apiTokens = new ApiTokens(this.#transport);
    this.audit = new Audit(this.#transport);
  }

  /** How many deliveries of the environment became what, and how fast. */
  stats(query?: Query<'getStats'>, options?: RequestOptions): Promise<EnvironmentStats> {
    return this.#transport.request('getStats', { query }, options);
  }

  /** Whose the token is and what it may do. */
  me(options?: RequestOptions): Promise<Me> {
    return this.#transport.request('getMe', {}, options);
  }
}
