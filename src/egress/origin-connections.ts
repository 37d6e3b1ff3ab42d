import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { classifyFailure, EgressError } from './attempt-error.js';
import { asksForCertificate, certificateRequired, type Connecting, type Connector } from './connector.js';
import { IncomingAnswer, readThrough } from './incoming-answer.js';
import type { RequestTimings } from './request-timings.js';
import { avoidResuming } from './socket-opener.js';

const ORIGINS_MAX = 1_000;
/** Of all origins together: each connection holds a file descriptor for some seconds. */
const IDLE_MAX = 4_096;
/** Among this many of the longest unused origins an idle one is found: few are busy, and only for a short time. */
const EVICTION_CANDIDATES = 16;
/** A socket keeps the address that was checked when it was opened, but not for ever. */
const CONNECTION_MAX_AGE_MS = 60_000;
/** Longer than `keepAliveMaxTimeout`: such an origin has no socket any more. */
const IDLE_LIMIT_MS = 15_000;
const SWEEP_MS = 15_000;

const CLIENT_OPTIONS: Client.Options = {
  // A slow answer must not delay another delivery.
  pipelining: 1,
  // Below the 5 s after which Node servers close idle connections, so that few requests meet a closing one.
  keepAliveTimeout: 4_000,
  // For what a server's Keep-Alive header offers.
  keepAliveMaxTimeout: 10_000,
  maxHeaderSize: 16_384,
  // Endless 1xx answers and dripping bytes reset these timers. Only a deadline can limit the time.
  headersTimeout: 0,
  bodyTimeout: 0,
};

interface Connection {
  client: Client;
  madeAt: number;
  freedAt: number;
  connecting: Connecting | null;
  socket: Socket | null;
  mayOpen: boolean;
  answer: IncomingAnswer;
  timings: RequestTimings;
}

interface Sender extends Required<
  Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData'>
> {
  readonly timings: RequestTimings;
  /** The connection closed before an answer began. @returns whether to send the request on another one. */
  onStaleConnection(): boolean;
  onEnd(error: Error | null): void;
}

/** The last freed is used first, so that few sockets do the work. */
interface Origin {
  idle: Connection[];
  busy: Set<Connection>;
  isClosed: boolean;
}

/**
 * The connections to receivers, by origin. Each request has its own, and the caller decides how many there are.
 * undici's `Pool` searches all its connections for a free one: with 256 requests at once to one origin that took 15 µs
 * a request, a fifth of the time for sending.
 */
export class OriginConnections {
  private readonly origins = new Map<string, Origin>();
  private readonly sweeping: NodeJS.Timeout;
  private readonly originsMax: number;
  private readonly idleMax: number;
  private idleCount = 0;

  /**
   * Above `originsMax`, the longest unused idle origins are closed; above `idleMax`, connections that become free are.
   */
  constructor(
    private readonly connect: Connector,
    { originsMax = ORIGINS_MAX, idleMax = IDLE_MAX }: { originsMax?: number; idleMax?: number } = {},
  ) {
    this.originsMax = originsMax;
    this.idleMax = idleMax;
    this.sweeping = setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /**
   * The sender is always told of the end, exactly once. A receiver may close a connection at the moment when it is used
   * again: then the request is sent once more on a new one, because nothing shows that it was received.
   *
   * @returns gives up the request while its connection is still being opened.
   */
  dispatch(originUrl: string, options: Dispatcher.DispatchOptions, sender: Sender): () => void {
    const origin = this.of(originUrl);
    const idle = this.takeIdle(origin);
    let connection = idle ?? this.open(originUrl, sender.timings);
    const startedAt = performance.now();
    this.send(origin, connection, options, sender, (error) => {
      const isStale = connection === idle && connection.mayOpen && !connection.answer.hasBegun;
      if (error && isStale && !origin.isClosed && sender.onStaleConnection()) {
        sender.timings.staleConnectionMs = Math.round(performance.now() - startedAt);
        connection = this.open(originUrl, sender.timings);
        this.send(origin, connection, options, sender, (failure) => sender.onEnd(failure));
      } else {
        sender.onEnd(error);
      }
    });
    return () => connection.connecting?.abandon();
  }

  private send(
    origin: Origin,
    connection: Connection,
    options: Dispatcher.DispatchOptions,
    sender: Sender,
    onEnd: (error: Error | null) => void,
  ): void {
    origin.busy.add(connection);
    connection.mayOpen = true;
    connection.answer = new IncomingAnswer(sender.timings);
    connection.timings = sender.timings;
    connection.client.dispatch(options, {
      onRequestStart: (controller, context) => sender.onRequestStart(controller, context),
      onResponseStart: (controller, status, headers) => {
        connection.answer.hasHead = true;
        sender.onResponseStart(controller, status, headers);
      },
      onResponseData: (controller, chunk) => sender.onResponseData(controller, chunk),
      onResponseEnd: () => {
        whenWritten(connection, () => {
          this.free(origin, connection);
          onEnd(null);
        });
      },
      onResponseError: (_controller, error) => {
        this.drop(origin, connection);
        onEnd(origin.isClosed ? error : failureOf(connection, error));
      },
    });
  }

  async destroy(): Promise<void> {
    clearInterval(this.sweeping);
    const origins = [...this.origins.values()];
    this.origins.clear();
    this.idleCount = 0;
    for (const origin of origins) origin.isClosed = true;
    const connections = origins.flatMap(({ idle, busy }) => [...idle, ...busy]);
    connections.forEach(close);
    await Promise.all(connections.map(({ client }) => client.destroy()));
  }

  private of(originUrl: string): Origin {
    const known = this.origins.get(originUrl);
    this.origins.delete(originUrl);
    if (!known && this.origins.size >= this.originsMax) this.evictIdle();
    const origin = known ?? { idle: [], busy: new Set(), isClosed: false };
    this.origins.set(originUrl, origin);
    return origin;
  }

  private takeIdle(origin: Origin): Connection | undefined {
    const connection = origin.idle.pop();
    if (connection) this.idleCount -= 1;
    return connection;
  }

  private open(originUrl: string, timings: RequestTimings): Connection {
    const connect: buildConnector.connector = (target, callback) => {
      if (!connection.mayOpen) {
        callback(endOf(connection.socket), null);
        return;
      }
      connection.mayOpen = false;
      connection.connecting = this.connect(target, connection.timings, (...result) => {
        connection.connecting = null;
        [, connection.socket] = result;
        if (connection.socket) {
          connection.answer = new IncomingAnswer(connection.timings);
          readThrough(connection.socket, () => connection.answer);
        }
        callback(...result);
      });
    };
    const now = performance.now();
    const connection: Connection = {
      client: new Client(originUrl, { ...CLIENT_OPTIONS, connect }),
      madeAt: now,
      freedAt: now,
      connecting: null,
      socket: null,
      mayOpen: true,
      answer: new IncomingAnswer(timings),
      timings,
    };
    return connection;
  }

  private free(origin: Origin, connection: Connection): void {
    connection.freedAt = performance.now();
    const isTooOld = connection.freedAt - connection.madeAt > CONNECTION_MAX_AGE_MS;
    if (isTooOld || isUnread(connection) || origin.isClosed || this.idleCount >= this.idleMax) {
      this.drop(origin, connection);
      return;
    }
    origin.busy.delete(connection);
    origin.idle.push(connection);
    this.idleCount += 1;
  }

  /** After a failure undici would open another socket at once, for no request. */
  private drop(origin: Origin, connection: Connection): void {
    origin.busy.delete(connection);
    close(connection);
  }

  private closeIdle(connections: Connection[]): void {
    this.idleCount -= connections.length;
    connections.forEach(close);
  }

  private evictIdle(): void {
    let candidates = EVICTION_CANDIDATES;
    for (const [originUrl, { idle, busy }] of this.origins) {
      if (busy.size === 0) {
        this.origins.delete(originUrl);
        this.closeIdle(idle);
        return;
      }
      candidates -= 1;
      if (candidates === 0) return;
    }
  }

  private sweep(now: number): void {
    for (const [originUrl, { idle, busy }] of this.origins) {
      const firstFresh = idle.findIndex(({ freedAt }) => now - freedAt <= IDLE_LIMIT_MS);
      this.closeIdle(idle.splice(0, firstFresh < 0 ? idle.length : firstFresh));
      if (idle.length === 0 && busy.size === 0) this.origins.delete(originUrl);
    }
  }
}

/**
 * The socket ended before the request was written to it. undici would open one after another until the deadline: 1,490
 * for one attempt, when a receiver behind a proxy sent its greeting first.
 */
function endOf(socket: Socket | null): EgressError {
  const cause = socket?.errored;
  const kind = cause ? classifyFailure(cause) : 'reset';
  return new EgressError(kind, 'the connection ended before the request was sent', { cause });
}

function failureOf({ socket, answer, mayOpen }: Connection, error: Error): Error {
  const isNew = !mayOpen && socket !== null;
  if (isNew && !answer.hasBegun && classifyFailure(error) !== 'timeout') avoidResuming(socket);
  if (isNew && !answer.hasBegun && asksForCertificate(socket)) return certificateRequired(error);
  if (!answer.hasSwitched || classifyFailure(error) !== 'reset') return error;
  return new EgressError('protocol_error', 'the receiver switched protocols', { cause: error });
}

/**
 * With TLS, Node tells that a request was written only after an answer that comes at once: three connections in ten were
 * closed as unread.
 */
function whenWritten(connection: Connection, then: () => void): void {
  if (isUnread(connection)) setImmediate(then);
  else then();
}

/** A receiver that answers before it has read the request leaves it in memory, and the next one behind it. */
function isUnread({ socket }: Connection): boolean {
  return socket !== null && socket.writableLength > 0;
}

function close({ client, connecting }: Connection): void {
  connecting?.abandon();
  client.destroy(null, () => undefined);
}
