import { type buildConnector, Client, type Dispatcher } from 'undici';

const ORIGINS_MAX = 1_000;
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

/** One socket at a time to one origin, opened when it is first used. */
interface Connection {
  client: Client;
  madeAt: number;
  freedAt: number;
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

  /** @param originsMax origins kept; above it, idle ones that were not used for longest are closed. */
  constructor(
    private readonly connect: buildConnector.connector,
    private readonly originsMax: number = ORIGINS_MAX,
  ) {
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
    const connection = origin.idle.pop() ?? this.open(originUrl);
    origin.busy.add(connection);
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

  private open(originUrl: string): Connection {
    const client = new Client(originUrl, { ...CLIENT_OPTIONS, connect: this.connect });
    const now = performance.now();
    return { client, madeAt: now, freedAt: now };
  }

  private free(origin: Origin, connection: Connection): void {
    if (!origin.busy.delete(connection)) return;
    connection.freedAt = performance.now();
    if (connection.freedAt - connection.madeAt > CONNECTION_MAX_AGE_MS) close(connection);
    else origin.idle.push(connection);
  }

  private evictIdle(): void {
    let candidates = EVICTION_CANDIDATES;
    for (const [originUrl, { idle, busy }] of this.origins) {
      if (busy.size === 0) {
        this.origins.delete(originUrl);
        idle.forEach(close);
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
      idle.splice(0, firstFresh < 0 ? idle.length : firstFresh).forEach(close);
      if (idle.length === 0 && busy.size === 0) this.origins.delete(originUrl);
    }
  }
}

function close({ client }: Connection): void {
  client.destroy(null, () => undefined);
}
