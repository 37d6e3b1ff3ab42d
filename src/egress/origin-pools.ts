import { type buildConnector, Pool } from 'undici';

const ORIGINS_MAX = 1_000;
/** How many of the longest unused origins are looked at for an idle one. Busy ones are few among them, and leave soon. */
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
  // Endless 1xx answers and dripped bytes reset these timers, so they would promise what only a deadline can keep.
  headersTimeout: 0,
  bodyTimeout: 0,
};

/**
 * The connections to receivers, a pool for each origin (scheme, host, port). Each pool has as many sockets as requests
 * at a time: how many those may be is the caller's to say.
 */
export class OriginPools {
  /** The longest unused first. */
  private readonly pools = new Map<string, Pool>();

  /** @param originsMax pools kept; above it, idle ones that were not used for longest are closed. */
  constructor(
    private readonly connect: buildConnector.connector,
    private readonly originsMax: number = ORIGINS_MAX,
  ) {}

  of(origin: string): Pool {
    const known = this.pools.get(origin);
    const pool = known ?? new Pool(origin, { ...POOL_OPTIONS, connect: this.connect });
    this.pools.delete(origin);
    if (!known && this.pools.size >= this.originsMax) this.evictIdle();
    this.pools.set(origin, pool);
    return pool;
  }

  /** Closes every socket at once. Pools that are asked for afterwards are new. */
  async destroy(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  private evictIdle(): void {
    let candidates = EVICTION_CANDIDATES;
    for (const [origin, pool] of this.pools) {
      if (pool.stats.size === 0) {
        this.pools.delete(origin);
        pool.destroy(null, () => undefined);
        return;
      }
      candidates -= 1;
      if (candidates === 0) return;
    }
  }
}
