import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type buildConnector, Pool } from 'undici';
import { GUARDED_CONNECTOR } from './guarded-connector.js';

export interface GuardedRequest {
  method: 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
  /** The deadline of the whole exchange, the reading of the body included. There is no other. */
  signal: AbortSignal;
}

export interface GuardedResponse {
  status: number;
  /** Names in lower case; the values of a repeated header joined by a comma. */
  headers: Record<string, string>;
  /** As it came: not decoded, not limited. Read it with `readBodyPrefix`, or destroy it. */
  body: Readable;
}

/** Idle origins beyond this many lose their sockets, those first that were used longest ago. */
const ORIGINS_MAX = 1_000;
/** How many of the longest unused origins are looked at for an idle one. Busy ones are few, and leave soon. */
const EVICTION_CANDIDATES = 16;

const POOL_OPTIONS: Pool.Options = {
  // One request at a time on a socket: a slow answer must not hold up another delivery.
  pipelining: 1,
  // Below the 5 s after which Node servers close idle connections, so that few requests meet a closing one.
  keepAliveTimeout: 4_000,
  // However long a server's Keep-Alive header offers to wait.
  keepAliveMaxTimeout: 10_000,
  // A socket keeps the address that was checked when it was opened: not for ever.
  clientTtl: 60_000,
  maxHeaderSize: 16_384,
  // Endless 1xx answers and dripped bytes reset these timers, so they would promise what only the signal can keep.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * Makes the requests to receivers. Follows no redirect, decodes no encoding, keeps no cookie, and opens sockets through
 * the guarded connector alone.
 */
@Injectable()
export class GuardedAgent implements OnApplicationShutdown {
  /** By origin, the longest unused first. */
  private readonly pools = new Map<string, Pool>();

  constructor(@Inject(GUARDED_CONNECTOR) private readonly connect: buildConnector.connector) {}

  /** Resolves with the final status line and headers. What it rejects with is for `classifyFailure`. */
  async request(url: URL, { method, headers, body, signal }: GuardedRequest): Promise<GuardedResponse> {
    signal.throwIfAborted();
    const path = `${url.pathname}${url.search}`;
    const answer = this.poolOf(url.origin).request({ method, path, headers, body, signal });
    const { statusCode, headers: received, body: content } = await unlessAborted(answer, signal);
    // Without a listener, an error after the last read would end the process.
    content.on('error', () => undefined);
    return { status: statusCode, headers: flatten(received), body: content };
  }

  /** Closes every socket; requests in flight fail as `reset`. Later requests open new ones. */
  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private poolOf(origin: string): Pool {
    const known = this.pools.get(origin);
    const pool = known ?? new Pool(origin, { ...POOL_OPTIONS, connect: this.connect });
    this.pools.delete(origin);
    this.pools.set(origin, pool);
    if (!known && this.pools.size > ORIGINS_MAX) this.evictIdle(origin);
    return pool;
  }

  private evictIdle(newest: string): void {
    let candidates = EVICTION_CANDIDATES;
    for (const [origin, pool] of this.pools) {
      if (candidates === 0 || origin === newest) return;
      candidates -= 1;
      if (pool.stats.size > 0) continue;
      this.pools.delete(origin);
      pool.destroy(null, () => undefined);
      return;
    }
  }
}

/** undici looks at the signal only once a connection is open: a name server or a host that hangs would hold us up. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')]);
  return Object.fromEntries(entries) as Record<string, string>;
}
