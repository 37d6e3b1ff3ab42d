import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { classifyFailure, EgressError } from './attempt-error.js';
import type { Connecting, Connector } from './connector.js';
import type { RequestTimings } from './request-timings.js';

const ORIGINS_MAX = 1_000;
/** Kept for the next request, of all origins together: each has a file descriptor for some seconds. */
const IDLE_MAX = 4_096;
/** How many of the longest unused origins are looked at for an idle one. Busy ones are few among them, and leave soon. */
const EVICTION_CANDIDATES = 16;
/** A socket keeps the address that was checked when it was opened: not for ever. */
const CONNECTION_MAX_AGE_MS = 60_000;
/** Longer than `keepAliveMaxTimeout`: what was not used for this long has no socket any more. */
const IDLE_LIMIT_MS = 15_000;
const SWEEP_MS = 15_000;

const CLIENT_OPTIONS: Client.Options = {
  // One request at a time on a socket: a slow answer must not hold up another delivery.
  pipelining: 1,
  // Below the 5 s after which Node servers close idle connections, so that few requests meet a closing one.
  keepAliveTimeout: 4_000,
  // However long a server's Keep-Alive header offers to wait.
  keepAliveMaxTimeout: 10_000,
  maxHeaderSize: 16_384,
  // Endless 1xx answers and dripped bytes reset these timers, so they would promise what only a deadline can keep.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/** What comes before the answer's headers are all there, 1xx answers included. */
const HEAD_MAX_BYTES = 16_384;
/**
 * All that one answer may be: its head, 64 KiB of a body, and as much again for what frames it. Beside the limit for
 * bodies, because chunk extensions and trailers without end are no body.
 */
const ANSWER_MAX_BYTES = 131_072;
/**
 * The parser is given this much at once. It goes on through what it was given when an answer is already refused, and makes
 * an error for every further header of it: 64 KiB of them took 170 ms, and take 5 now.
 */
const PIECE_BYTES = 1_024;
/** In how many pieces an answer may come: each takes about 9 µs, though it may hold one byte. */
const PIECES_MAX = 2_048;

/** One socket at a time to one origin, opened when it is first used. */
interface Connection {
  client: Client;
  madeAt: number;
  freedAt: number;
  /** What is being connected, and what is connected or was last. */
  connecting: Connecting | null;
  socket: Socket | null;
  /** Whether the request under way may open a socket: it may open one. */
  mayOpen: boolean;
  /** Of the answer that is under way. */
  received: { bytes: number; pieces: number; hasHead: boolean };
  /** Of the request that it was last used for. */
  timings: RequestTimings;
}

/** The connections to one origin. What is free is used again last in, first out, so that few sockets do the work. */
interface Origin {
  /** The longest unused first. */
  idle: Connection[];
  busy: Set<Connection>;
  /** What is busy is closed when it gets free. */
  isClosed: boolean;
}

/**
 * The connections to receivers, by origin (scheme, host, port). Each request has a connection to itself: how many there
 * may be is the caller's to say.
 *
 * Not undici's `Pool`, which looks for a free connection among all that it has: with 256 requests at once to one origin
 * that took 15 µs a request, a fifth of what sending takes.
 */
export class OriginConnections {
  /** The longest unused first. */
  private readonly origins = new Map<string, Origin>();
  private readonly sweeping: NodeJS.Timeout;
  private readonly originsMax: number;
  private readonly idleMax: number;
  private idleCount = 0;

  /** Above `originsMax`, idle origins that were not used for longest are closed; above `idleMax`, what gets free is. */
  constructor(
    private readonly connect: Connector,
    { originsMax = ORIGINS_MAX, idleMax = IDLE_MAX }: { originsMax?: number; idleMax?: number } = {},
  ) {
    this.originsMax = originsMax;
    this.idleMax = idleMax;
    this.sweeping = setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /**
   * Sends a request on a free connection. The handler is told of its end in any case, once.
   *
   * @returns gives the request up while its connection is still being made.
   */
  dispatch(
    originUrl: string,
    options: Dispatcher.DispatchOptions,
    handler: Required<Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData'>> & {
      readonly timings: RequestTimings;
      onEnd(error: Error | null): void;
    },
  ): () => void {
    const origin = this.of(originUrl);
    const connection = this.takeIdle(origin) ?? this.open(originUrl, handler.timings);
    origin.busy.add(connection);
    connection.mayOpen = true;
    connection.received = { bytes: 0, pieces: 0, hasHead: false };
    connection.timings = handler.timings;
    connection.client.dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart(controller, context),
      onResponseStart: (controller, status, headers) => {
        connection.received.hasHead = status >= 200;
        handler.onResponseStart(controller, status, headers);
      },
      onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
      onResponseEnd: () => {
        this.free(origin, connection);
        handler.onEnd(null);
      },
      onResponseError: (_controller, error) => {
        this.drop(origin, connection);
        handler.onEnd(error);
      },
    });
    return () => connection.connecting?.abandon();
  }

  /** Closes every socket at once. Connections that are asked for afterwards are new. */
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
        if (connection.socket) limitReading(connection.socket, connection);
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
      received: { bytes: 0, pieces: 0, hasHead: false },
      timings,
    };
    return connection;
  }

  private free(origin: Origin, connection: Connection): void {
    connection.freedAt = performance.now();
    const isTooOld = connection.freedAt - connection.madeAt > CONNECTION_MAX_AGE_MS;
    // Who answers before the request is read leaves it in memory, and the next one behind it.
    const isUnread = connection.socket !== null && connection.socket.writableLength > 0;
    if (isTooOld || isUnread || origin.isClosed || this.idleCount >= this.idleMax) {
      this.drop(origin, connection);
      return;
    }
    origin.busy.delete(connection);
    origin.idle.push(connection);
    this.idleCount += 1;
  }

  /** After a failure a connection is of no use: undici would open another one at once, for nobody. */
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

  /** Lets go of what was not used for long. */
  private sweep(now: number): void {
    for (const [originUrl, { idle, busy }] of this.origins) {
      const firstFresh = idle.findIndex(({ freedAt }) => now - freedAt <= IDLE_LIMIT_MS);
      this.closeIdle(idle.splice(0, firstFresh < 0 ? idle.length : firstFresh));
      if (idle.length === 0 && busy.size === 0) this.origins.delete(originUrl);
    }
  }
}

/**
 * What became of a socket that ended before the request was written to it. undici would open one after the other until
 * the deadline: 1,490 for one attempt, where a receiver behind a proxy sent its greeting first.
 */
function endOf(socket: Socket | null): EgressError {
  const cause = socket?.errored;
  const kind = cause ? classifyFailure(cause) : 'reset';
  return new EgressError(kind, 'the connection ended before the request was sent', { cause });
}

function close({ client, connecting }: Connection): void {
  connecting?.abandon();
  client.destroy(null, () => undefined);
}

/** Stands between a socket and undici's parser, which takes all that `read` gives. */
function limitReading(socket: Socket, connection: Connection): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = () => {
    // A destroyed socket gives what it has buffered.
    if (socket.destroyed) return null;
    const piece = read(socket.readableLength > PIECE_BYTES ? PIECE_BYTES : undefined);
    if (!piece) return null;
    const { received, timings } = connection;
    if (timings.firstByteMs === null && timings.sentAt !== null) {
      timings.firstByteMs = Math.round(performance.now() - timings.sentAt);
    }
    received.bytes += piece.length;
    received.pieces += 1;
    const maxBytes = received.hasHead ? ANSWER_MAX_BYTES : HEAD_MAX_BYTES;
    if (received.bytes <= maxBytes && received.pieces <= PIECES_MAX) return piece;
    socket.destroy(new EgressError('response_too_large', 'more was sent than an answer may be'));
    return null;
  };
}
