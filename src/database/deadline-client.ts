import { connect } from 'node:net';
import pg from 'pg';
import { isReadOnlyServer } from './sqlstate.js';

/** pg's message (8.23) after `query_timeout`. The error has no code. */
const TIMEOUT_MESSAGE = 'Query read timeout';

const CANCEL_TIMEOUT_MS = 2_000;
/** In place of a protocol version (PostgreSQL, "Canceling Requests in Progress"). */
const CANCEL_REQUEST_CODE = 80_877_102;

type Answer = (error: Error | null | undefined, result: unknown) => void;

/**
 * Requested whatever the database or the role sets. PgBouncer accepts no others in the start-up message
 * (https://www.pgbouncer.org/config.html#ignore_startup_parameters).
 */
const PINNED_SETTINGS = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' };

export interface DeadlineClientConfig extends pg.ClientConfig {
  onFailure?: (error: Error) => void;
}

type Connected = (error: Error) => void;

/** Missing in pg's types. */
interface StartupConfOf {
  getStartupConf(): Record<string, string>;
}

interface Session {
  host: string;
  port: number;
  processID: number | null;
  secretKey: number | null;
  connection: { stream: NodeJS.WritableStream & { destroy(): void } };
  /** If false, the pool lends the client to nobody again. */
  _queryable: boolean;
}

/**
 * A client that survives the loss of its connection at any moment. It leaves the connection when a statement passes its
 * deadline (`query_timeout`), and a server that became a standby.
 *
 * pg would give the connection back to the pool while its statement still runs, and the next user would wait behind it.
 * So the server is asked to end the statement: behind a long lock, sessions would otherwise pile up until the server
 * accepts no more.
 */
export class DeadlineClient extends pg.Client {
  private readonly onFailure: (error: Error) => void;

  constructor(config: DeadlineClientConfig = {}) {
    super(config);
    this.onFailure = config.onFailure ?? ((): void => undefined);
    // There is a moment between the holder and the pool when nobody listens, and a server may go away just then.
    this.on('error', () => undefined);
  }

  getStartupConf(): Record<string, string> {
    const { getStartupConf } = pg.Client.prototype as unknown as StartupConfOf;
    return { ...Reflect.apply(getStartupConf, this, []), ...PINNED_SETTINGS };
  }

  override connect = ((callback?: Connected): unknown => {
    const note = (error: unknown): void => {
      if (error instanceof Error) this.onFailure(error);
    };
    const parameters = callback
      ? [
          (error: Error): void => {
            note(error);
            callback(error);
          },
        ]
      : [];
    const connecting: unknown = Reflect.apply(pg.Client.prototype.connect, this, parameters);
    if (connecting instanceof Promise) connecting.catch(note);
    return connecting;
  }) as pg.Client['connect'];

  // pg's overloads (text, config, callback, submittable) pass through unchanged; only the outcome is watched.
  override query = ((...parameters: unknown[]): unknown => {
    const last = parameters.at(-1);
    if (typeof last === 'function') {
      parameters[parameters.length - 1] = (error: Error | null | undefined, result: unknown): void => {
        this.leaveOn(error);
        (last as Answer)(error, result);
      };
    }
    const outcome: unknown = Reflect.apply(pg.Client.prototype.query, this, parameters);
    if (outcome instanceof Promise) outcome.catch((error: unknown) => this.leaveOn(error));
    return outcome;
  }) as pg.Client['query'];

  private leaveOn(error: unknown): void {
    if (!(error instanceof Error)) return;
    this.onFailure(error);
    const isLate = error.message === TIMEOUT_MESSAGE;
    if (!isLate && !isReadOnlyServer(error)) return;
    const session = this as unknown as Session;
    if (isLate) cancelStatement(session);
    // At once: pg learns only later that the connection is gone, and would give it to the next caller.
    session._queryable = false;
    session.connection.stream.destroy();
  }
}

/**
 * Not encrypted: the protocol does not require it. A server that insists on encryption ends the statement when it finds
 * nobody to answer.
 */
function cancelStatement({ host, port, processID, secretKey }: Session): void {
  if (processID === null || secretKey === null) return;
  const request = Buffer.alloc(16);
  [request.length, CANCEL_REQUEST_CODE, processID, secretKey].forEach((field, index) => {
    request.writeInt32BE(field, index * 4);
  });
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy());
  // Then the statement ends by itself; its caller already has the error.
  socket.on('error', () => socket.destroy());
  socket.end(request);
}
