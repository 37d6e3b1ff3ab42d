/**
 * The size of a part, relative to an even share of the limit for each replica. At most one and a half parts stay unused
 * at a replica: the one that was requested last, and half of the one before. So a token that moves between replicas
 * loses 15 % of its limit at most.
 */
const PART = 0.1;

export interface SharedLimitOptions {
  /** Requests in a period. */
  limit: number;
  /** Adds to the demand of all replicas together; resolves with the sum. */
  demand: (subject: string, period: number, requests: number) => Promise<number>;
  /** Called when that failed: then the subject has the whole limit on this replica until the period ends. */
  onFailure: (error: unknown) => void;
}

interface Account {
  period: number;
  used: number;
  /** Requests that may pass without asking again. */
  allowed: number;
  /** Requests that wait for the current answer. */
  waiting: number;
  /** The whole limit of the installation has been requested. */
  isSpent: boolean;
  asking: Promise<void> | null;
}

/**
 * A limit that replicas share without a statement for each request. In each period a replica allows a small part of it
 * without asking, so rare requests cost nothing. It asks for the rest part by part, before it is needed. While the
 * database does not answer, each replica has the whole limit.
 *
 * All replicas together never allow more than the limit, if they agree on their number. If a limit is too small for
 * parts, each request is asked for alone and waits for the answer.
 */
export class SharedLimit {
  private readonly accounts = new Map<string, Account>();
  private readonly underWay = new Set<Promise<void>>();
  /** The period of `accounts`: those of earlier periods are deleted together. */
  private period = -Infinity;

  constructor(private readonly options: SharedLimitOptions) {}

  /**
   * Counts a request.
   *
   * @param period a number that is the same on all replicas, and higher in each period.
   * @returns whether it is within the limit
   */
  async take(subject: string, period: number, replicas: number): Promise<boolean> {
    const part = Math.floor((this.options.limit * PART) / replicas);
    const account = this.accountOf(subject, period, part);
    while (account.used >= account.allowed) {
      if (account.isSpent) return false;
      account.waiting += 1;
      this.ask(subject, account, part, replicas);
      await account.asking;
      account.waiting -= 1;
    }
    account.used += 1;
    const isLow = account.allowed - account.used < part / 2;
    if (isLow && !account.isSpent) this.ask(subject, account, part, replicas);
    return true;
  }

  /** Resolves when no question to the database is running. */
  async idle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private accountOf(subject: string, period: number, allowed: number): Account {
    if (period > this.period) {
      this.accounts.clear();
      this.period = period;
    }
    const known = this.accounts.get(subject);
    if (known) return known;
    const fresh = { period: this.period, used: 0, allowed, waiting: 0, isSpent: false, asking: null };
    this.accounts.set(subject, fresh);
    return fresh;
  }

  /** One question at a time: a request that comes meanwhile waits for its answer, and is part of the next one. */
  private ask(subject: string, account: Account, part: number, replicas: number): void {
    if (account.asking) return;
    const requests = Math.max(part, 1) + Math.max(account.waiting - 1, 0);
    const asking = this.askFor(subject, account, requests, part * replicas).finally(() => {
      account.asking = null;
      this.underWay.delete(asking);
    });
    account.asking = asking;
    this.underWay.add(asking);
  }

  /** @param free the requests that replicas allow without asking. */
  private async askFor(subject: string, account: Account, requests: number, free: number): Promise<void> {
    const { limit, demand, onFailure } = this.options;
    try {
      const before = (await demand(subject, account.period, requests)) - requests;
      const granted = Math.min(requests, Math.max(0, limit - free - before));
      account.allowed += granted;
      account.isSpent = granted < requests;
    } catch (error) {
      account.allowed = limit;
      account.isSpent = true;
      onFailure(error);
    }
  }
}
