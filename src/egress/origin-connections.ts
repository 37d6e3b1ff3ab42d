import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { EgressError } from './attempt-error.js';

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

/**
 * All that one answer may be: its head, 64 KiB of a body, and as much again for what frames it. Beside the limits for
 * headers and bodies, because 1xx answers, chunk extensions and trailers without end are neither.
 */
const ANSWER_MAX_BYTES = 131_072;
/**
 * The parser is given this much at once. It goes on through what it was given when an answer is already refused, and makes
 * an error for every further header of it: 64 KiB of them took 170 ms, and take 5 now.
 */
const PIECE_BYTES = 1_024;

/** One socket at a time to one origin, opened when it is first used. */
interface Connection {
  client: Client;
  madeAt: number;
  freedAt: number;
  /** Bytes of the answer that is under way. */
  received: number;
}

/** The connections to one origin. What is free is used again last in, first out, so that few sockets do the work. */
interface Origin {
  /** The longest unused first. */
  idle: Connection[];
  busy: Set<Connection>;
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
    private readonly connect: buildConnector.connector,
    { originsMax = ORIGINS_MAX, idleMax = IDLE_MAX }: { originsMax?: number; idleMax?: number } = {},
  ) {
    this.originsMax = originsMax;
    this.idleMax = idleMax;
    this.sweeping = setInterval(() => this.sweep(performance.now()), SWEEP_MS).unref();
  }

  /**
   * Sends a request on a free connection. The handler is told of its end in any case, once: by `onResponseEnd` or by
   * `onResponseError`.
   */
  dispatch(
    originUrl: string,
    options: Dispatcher.DispatchOptions,
    handler: Required<Pick<Dispatcher.DispatchHandler, 'onRequestStart' | 'onResponseStart' | 'onResponseData'>> & {
      onEnd(error: Error | null): void;
    },
  ): void {
    const origin = this.of(originUrl);
    const connection = this.takeIdle(origin) ?? this.open(originUrl);
    origin.busy.add(connection);
    connection.received = 0;
    const free = (): void => this.free(origin, connection);
    connection.client.dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart(controller, context),
      onResponseStart: (controller, status, headers) => handler.onResponseStart(controller, status, headers),
      onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
      onResponseEnd: () => {
        free();
        handler.onEnd(null);
      },
      onResponseError: (_controller, error) => {
        free();
        handler.onEnd(error);
      },
    });
  }

  /** Closes every socket at once. Connections that are asked for afterwards are new. */
  async destroy(): Promise<void> {
    clearInterval(this.sweeping);
    const connections = [...this.origins.values()].flatMap(({ idle, busy }) => [...idle, ...busy]);
    this.origins.clear();
    this.idleCount = 0;
    await Promise.all(connections.map(({ client }) => client.destroy()));
  }

  private of(originUrl: string): Origin {
    const known = this.origins.get(originUrl);
    this.origins.delete(originUrl);
    if (!known && this.origins.size >= this.originsMax) this.evictIdle();
    const origin = known ?? { idle: [], busy: new Set() };
    this.origins.set(originUrl, origin);
    return origin;
  }

  private takeIdle(origin: Origin): Connection | undefined {
    const connection = origin.idle.pop();
    if (connection) this.idleCount -= 1;
    return connection;
  }

  private open(originUrl: string): Connection {
    const connect: buildConnector.connector = (target, callback) => {
      this.connect(target, (...result) => {
        if (result[1]) limitReading(result[1], connection);
        callback(...result);
      });
    };
    const now = performance.now();
    const client = new Client(originUrl, { ...CLIENT_OPTIONS, connect });
    const connection: Connection = { client, madeAt: now, freedAt: now, received: 0 };
    return connection;
  }

  private free(origin: Origin, connection: Connection): void {
    if (!origin.busy.delete(connection)) return;
    connection.freedAt = performance.now();
    if (connection.freedAt - connection.madeAt > CONNECTION_MAX_AGE_MS || this.idleCount >= this.idleMax) {
      close(connection);
      return;
    }
    origin.idle.push(connection);
    this.idleCount += 1;
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

function close({ client }: Connection): void {
  client.destroy(null, () => undefined);
}

/** Stands between a socket and undici's parser, which takes all that `read` gives. */
function limitReading(socket: Socket, connection: Connection): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = () => {
    // A destroyed socket gives what it has buffered.
    if (socket.destroyed) return null;
    const piece = read(socket.readableLength > PIECE_BYTES ? PIECE_BYTES : undefined);
    connection.received += piece?.length ?? 0;
    if (connection.received <= ANSWER_MAX_BYTES) return piece;
    socket.destroy(new EgressError('response_too_large', `the answer is larger than ${ANSWER_MAX_BYTES} bytes`));
    return null;
  };
}
