/**
 * A part, of what each replica has if the limit is divided evenly. At most one and a half parts lie unused at a replica, the
 * one that was asked for last and half of the one before, so a token that moves from one replica to the next loses 15 %
 * of its limit at most.
 */
const PART = 0.1;

export interface SharedLimitOptions {
  /** Requests in a period. */
  limit: number;
  /** Adds to what all replicas together ask for; resolves with the sum. */
  demand: (subject: string, period: number, requests: number) => Promise<number>;
  /** Told when that failed: the subject has the whole limit on this replica then, until the period ends. */
  onFailure: (error: unknown) => void;
}

/** One subject in one period, as this replica knows it. */
interface Account {
  period: number;
  used: number;
  /** What may be used without asking again. */
  allowed: number;
  /** Requests that wait for the answer under way. */
  waiting: number;
  /** All that the installation has was asked for. */
  isSpent: boolean;
  asking: Promise<void> | null;
}

/**
 * A limit that replicas share without a statement for each request. In each period a replica allows a small part of it
 * without asking, so that rare requests cost nothing, and asks for the rest part by part, ahead of need. While the
 * database does not answer, each replica has the whole limit.
 *
 * What all allow together is never above the limit, as long as they agree on how many they are. A limit too small for parts
 * is asked for one by one, and then a request waits for the answer.
 */
export class SharedLimit {
  private readonly accounts = new Map<string, Account>();
  private readonly underWay = new Set<Promise<void>>();
  /** The period that `accounts` is about: those of earlier ones are forgotten together. */
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

  /** Resolves when nothing is asked any more. */
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

  /** One question at a time; whoever comes meanwhile waits for its answer, and is in the next one. */
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

  /** @param free what replicas allow without asking. */
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
