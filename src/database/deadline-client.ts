import { connect } from 'node:net';
import pg from 'pg';
import { isReadOnlyServer } from './sqlstate.js';

/** What pg (8.23) says when `query_timeout` has passed. It gives the error no code. */
const TIMEOUT_MESSAGE = 'Query read timeout';

/** How long a server may take to be told that a statement need not go on. */
const CANCEL_TIMEOUT_MS = 2_000;
/** Instead of a protocol version (PostgreSQL, "Canceling Requests in Progress"). */
const CANCEL_REQUEST_CODE = 80_877_102;

type Answer = (error: Error | null | undefined, result: unknown) => void;

/** What pg keeps of its connection beside what its types tell. */
interface Session {
  host: string;
  port: number;
  processID: number | null;
  secretKey: number | null;
  connection: { stream: NodeJS.WritableStream & { destroy(): void } };
  /** Without it the pool lends the client to nobody again. */
  _queryable: boolean;
}

/**
 * A client that outlives its connection at any moment, and leaves it when a statement has passed its deadline
 * (`query_timeout`), or when the server turns out to be a standby, which it may have become while the pool was connected
 * to it.
 *
 * pg itself only tells the caller: the connection goes back to the pool with the statement still running in it, and
 * whoever gets it next waits behind that. Behind a server that vanished without a word, that would be for ever. The
 * server is asked to end the statement: behind a lock that is held for long, one session after the other would else
 * wait there for nobody, until it lets no more in.
 */
export class DeadlineClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // Whoever holds the client listens too, and so does the pool while nobody does. But between the two there is a
    // moment without a listener, and a server that goes away does not wait for its end.
    this.on('error', () => undefined);
  }

  // pg's overloads (text, config, callback, submittable) pass through unchanged; only the outcome is watched.
  override query = ((...parameters: unknown[]): unknown => {
    const last = parameters.at(-1);
    if (typeof last === 'function') {
      parameters[parameters.length - 1] = (error: Error | null | undefined, result: unknown): void => {
        this.#leaveOn(error);
        (last as Answer)(error, result);
      };
    }
    const outcome: unknown = Reflect.apply(pg.Client.prototype.query, this, parameters);
    if (outcome instanceof Promise) outcome.catch((error: unknown) => this.#leaveOn(error));
    return outcome;
  }) as pg.Client['query'];

  #leaveOn(error: unknown): void {
    if (!(error instanceof Error)) return;
    const isLate = error.message === TIMEOUT_MESSAGE;
    if (!isLate && !isReadOnlyServer(error)) return;
    const session = this as unknown as Session;
    if (isLate) cancelStatement(session);
    // At once: that the connection is gone pg learns only later, and whoever waits for one would be given this.
    session._queryable = false;
    session.connection.stream.destroy();
  }
}

/**
 * Asks the server to end what the session does. Without encryption, which the protocol does not ask for here: a server
 * that insists on it ends the statement when it finds nobody to answer.
 */
function cancelStatement({ host, port, processID, secretKey }: Session): void {
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  [request.length, CANCEL_REQUEST_CODE, processID, secretKey].forEach((field, index) => {
    request.writeInt32BE(field, index * 4);
  });
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy());
  // Then the statement ends by itself; whoever waited for it has been told.
  socket.on('error', () => socket.destroy());
  socket.end(request);
}
