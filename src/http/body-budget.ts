import { ApiError } from './errors.js';

export interface BodyLimits {
  totalBytes: number;
  shareBytes: number;
}

/** An owner may use half of the budget, and always two of the largest bodies. */
export function bodyLimitsOf(maxBodyBytes: number, maxBytesOfBodies: number): BodyLimits {
  const totalBytes = Math.max(maxBytesOfBodies, 4 * maxBodyBytes);
  return { totalBytes, shareBytes: totalBytes / 2 };
}

/**
 * Limits the memory that bodies take. Only bytes that have arrived count. When there is too much, the owner who holds
 * the most loses the arriving body with the highest cost: its bytes times the time since it began. So a sender of much
 * data that becomes slow makes room for the others.
 */
export class BodyBudget {
  private readonly shares = new Map<string, Share>();
  private bytes = 0;
  private readonly account: Account = {
    grow: ({ shares }, bytes) => {
      this.bytes += bytes;
      for (const share of shares) share.bytes += bytes;
      for (const share of shares) this.makeRoomIn(share);
      this.makeRoom();
    },
    release: (body, bytes) => {
      this.bytes -= bytes;
      for (const share of body.shares) this.take(body, bytes, share);
    },
  };

  constructor(
    private readonly limits: BodyLimits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get heldBytes(): number {
    return this.bytes;
  }

  /** @param refuse called at most once, when the body has to make room. The body no longer counts by then. */
  hold(owners: readonly string[], refuse: (refusal: ApiError) => void): HeldBody {
    const shares = owners.map((owner) => this.shareOf(owner));
    const body = new HeldBody(shares, this.nowMs(), this.account, refuse);
    for (const share of shares) share.bodies.add(body);
    return body;
  }

  private shareOf(owner: string): Share {
    const share = this.shares.get(owner) ?? { owner, bytes: 0, bodies: new Set() };
    this.shares.set(owner, share);
    return share;
  }

  private take(body: HeldBody, bytes: number, share: Share): void {
    share.bytes -= bytes;
    share.bodies.delete(body);
    if (share.bodies.size === 0) this.shares.delete(share.owner);
  }

  private makeRoomIn(share: Share): void {
    while (share.bytes > this.limits.shareBytes) {
      const costliest = costliestOf(share, this.nowMs());
      if (!costliest) return;
      costliest.refuse(tooMuchOfOne());
    }
  }

  private makeRoom(): void {
    while (this.bytes > this.limits.totalBytes) {
      const byBytes = [...this.shares.values()].sort((one, other) => other.bytes - one.bytes);
      const costliest = byBytes.map((share) => costliestOf(share, this.nowMs())).find((body) => body !== null);
      if (!costliest) return;
      costliest.refuse(tooMuchInAll());
    }
  }
}

interface Share {
  readonly owner: string;
  bytes: number;
  readonly bodies: Set<HeldBody>;
}

interface Account {
  grow: (body: HeldBody, bytes: number) => void;
  release: (body: HeldBody, bytes: number) => void;
}

export class HeldBody {
  private bytes = 0;
  private state: 'arriving' | 'complete' | 'released' = 'arriving';

  constructor(
    readonly shares: readonly Share[],
    private readonly sinceMs: number,
    private readonly account: Account,
    private readonly onRefused: (refusal: ApiError) => void,
  ) {}

  /** May refuse bodies, possibly this one. */
  grow(bytes: number): void {
    if (this.state === 'released') return;
    this.bytes += bytes;
    this.account.grow(this, bytes);
  }

  /** The body still counts, but can no longer be refused. */
  complete(): void {
    if (this.state === 'arriving') this.state = 'complete';
  }

  release(): void {
    if (this.state === 'released') return;
    this.state = 'released';
    this.account.release(this, this.bytes);
  }

  refuse(refusal: ApiError): void {
    this.release();
    this.onRefused(refusal);
  }

  /** In byte-milliseconds; null: the body cannot be refused. */
  costAt(nowMs: number): number | null {
    return this.state === 'arriving' ? this.bytes * (nowMs - this.sinceMs + 1) : null;
  }
}

function costliestOf({ bodies }: Share, nowMs: number): HeldBody | null {
  let costliest: HeldBody | null = null;
  let highest = -1;
  for (const body of bodies) {
    const cost = body.costAt(nowMs);
    if (cost === null || cost <= highest) continue;
    [costliest, highest] = [body, cost];
  }
  return costliest;
}

const RETRY_SOON = { headers: { 'Retry-After': '1' } };

function tooMuchOfOne(): ApiError {
  const message =
    'Too many bytes of request bodies by this token, or from this address, are under way; repeat the request';
  return new ApiError('RATE_LIMITED', message, RETRY_SOON);
}

function tooMuchInAll(): ApiError {
  return new ApiError('SERVER_BUSY', 'Too many bytes of request bodies are under way; repeat the request', RETRY_SOON);
}
