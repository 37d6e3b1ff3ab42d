import pg from 'pg';

/** What pg (8.23) says when `query_timeout` has passed. It gives the error no code. */
const TIMEOUT_MESSAGE = 'Query read timeout';

type Answer = (error: Error | null | undefined, result: unknown) => void;

/**
 * A client that leaves its connection when a statement has passed its deadline (`query_timeout`).
 *
 * pg itself only tells the caller: the connection goes back to the pool with the statement still running in it, and
 * whoever gets it next waits behind that. Behind a server that vanished without a word, that would be for ever.
 */
export class DeadlineClient extends pg.Client {
  // pg's overloads (text, config, callback, submittable) pass through unchanged; only the outcome is watched.
  override query = ((...parameters: unknown[]): unknown => {
    const last = parameters.at(-1);
    if (typeof last === 'function') {
      parameters[parameters.length - 1] = (error: Error | null | undefined, result: unknown): void => {
        this.#leaveOnTimeout(error);
        (last as Answer)(error, result);
      };
    }
    const outcome: unknown = Reflect.apply(pg.Client.prototype.query, this, parameters);
    if (outcome instanceof Promise) outcome.catch((error: unknown) => this.#leaveOnTimeout(error));
    return outcome;
  }) as pg.Client['query'];

  #leaveOnTimeout(error: unknown): void {
    if (!(error instanceof Error) || error.message !== TIMEOUT_MESSAGE) return;
    const { stream } = (this as unknown as { connection: { stream: NodeJS.WritableStream & { destroy(): void } } })
      .connection;
    stream.destroy();
  }
}
