import { SharedLimit } from '../../src/auth/shared-limit.js';

const PERIOD = 7;

/** Replicas with one limit, and what they asked of the database for it. */
function installation(limit: number, replicas: number) {
  const sums = new Map<string, number>();
  let statements = 0;
  const failures: unknown[] = [];
  let isAway = false;
  const make = (): SharedLimit =>
    new SharedLimit({
      limit,
      demand: async (subject, period, requests) => {
        statements += 1;
        await Promise.resolve();
        if (isAway) throw new Error('away');
        const sum = (sums.get(`${subject} ${period}`) ?? 0) + requests;
        sums.set(`${subject} ${period}`, sum);
        return sum;
      },
      onFailure: (error) => void failures.push(error),
    });
  const members = Array.from({ length: replicas }, make);
  return {
    failures,
    goAway: () => (isAway = true),
    statements: () => statements,
    take: (replica: number, period = PERIOD, subject = 'token') => members[replica]!.take(subject, period, replicas),
    /** How many of these requests, one after the other, are accepted; what is fetched ahead arrives between them. */
    async accepted(requests: number, replicaOf: (n: number) => number, period = PERIOD): Promise<number> {
      let count = 0;
      for (let n = 0; n < requests; n += 1) {
        if (await members[replicaOf(n)]!.take('token', period, replicas)) count += 1;
        await members[replicaOf(n)]!.idle();
      }
      return count;
    },
  };
}

describe.each([2, 3, 10])('a limit that %i replicas share', (replicas) => {
  describe.each([50, 100, 500, 5_000])('of %i', (limit) => {
    // One for each part, and one from each replica that learns that nothing is left.
    const statementsMax = limit / Math.max(1, Math.floor((0.1 * limit) / replicas)) + replicas;
    const patterns: [string, (n: number) => number][] = [
      ['spread evenly', (n) => n % replicas],
      ['all to one', () => 0],
      ['moving from one to the next', (n) => Math.min(replicas - 1, Math.floor((n * replicas) / limit))],
      ['moving on as soon as each has begun', (n) => Math.min(replicas - 1, Math.floor(n / 2))],
      ['at random', (n) => Math.floor(Math.abs(Math.sin(n) * 1e4)) % replicas],
    ];
    it.each(patterns)('is kept within a fifth, and never passed: %s', async (_, replicaOf) => {
      const shared = installation(limit, replicas);
      const accepted = await shared.accepted(limit * 2, replicaOf);
      expect(accepted).toBeLessThanOrEqual(limit);
      expect(accepted).toBeGreaterThanOrEqual(limit * 0.8);
      expect(shared.statements()).toBeLessThanOrEqual(statementsMax);
      expect(shared.failures).toEqual([]);
    });
  });

  it.each([1, 2, 5, 10, 19])('is exact when it is as small as %i', async (limit) => {
    if (limit >= 10 * replicas) return;
    const shared = installation(limit, replicas);
    expect(await shared.accepted(50, (n) => n % replicas)).toBe(limit);
  });
});

describe('a shared limit', () => {
  it('begins anew with each period, and is apart for each subject', async () => {
    const shared = installation(100, 2);
    expect(await shared.accepted(300, (n) => n % 2)).toBeGreaterThan(80);
    expect(await shared.take(0)).toBe(false);
    expect(await shared.take(0, PERIOD, 'another')).toBe(true);
    expect(await shared.take(0, PERIOD + 1)).toBe(true);
    expect(await shared.accepted(300, () => 1, PERIOD + 1)).toBeGreaterThan(80);
  });

  it('asks nothing for rare requests, and nothing more once it is spent', async () => {
    const shared = installation(500, 3);
    expect(await shared.accepted(8, () => 0)).toBe(8);
    expect(shared.statements()).toBe(0);
    await shared.accepted(1_000, () => 0);
    const spent = shared.statements();
    expect(await shared.accepted(1_000, () => 0)).toBe(0);
    expect(shared.statements()).toBe(spent);
  });

  it('is asked for ahead of need: requests that come one after the other wait for no answer', async () => {
    const pending: (() => void)[] = [];
    let sum = 0;
    const limit = new SharedLimit({
      limit: 300,
      demand: async (_, __, requests) => {
        await new Promise<void>((resolve) => pending.push(resolve));
        return (sum += requests);
      },
      onFailure: () => undefined,
    });
    const settled = async (request: Promise<boolean>): Promise<boolean | string> =>
      Promise.race([request, new Promise<string>((resolve) => setImmediate(() => resolve('waits')))]);
    // A part is ten: with half of it left the next is asked for, and is there before the last is used.
    for (let n = 0; n < 200; n += 1) {
      expect([n, await settled(limit.take('token', PERIOD, 3))]).toEqual([n, true]);
      if (n % 4 === 3) pending.shift()?.();
    }
    expect(sum).toBeGreaterThan(150);
  });

  it('lets a burst wait for one answer, not for one each', async () => {
    const shared = installation(300, 3);
    const burst = await Promise.all(Array.from({ length: 150 }, () => shared.take(0)));
    expect(burst.filter(Boolean)).toHaveLength(150);
    expect(shared.statements()).toBeLessThan(5);
    const more = await Promise.all(Array.from({ length: 400 }, (_, n) => shared.take(n % 3)));
    expect(150 + more.filter(Boolean).length).toBeGreaterThanOrEqual(240);
    expect(150 + more.filter(Boolean).length).toBeLessThanOrEqual(300);
  });

  it('is each replica’s own while the database is away, and shared again in the next period', async () => {
    const shared = installation(100, 2);
    shared.goAway();
    expect(await shared.accepted(150, () => 0)).toBe(100);
    expect(await shared.accepted(150, () => 1)).toBe(100);
    expect(shared.statements()).toBe(2);
    expect(shared.failures).toHaveLength(2);
    expect(await shared.accepted(150, () => 0, PERIOD + 1)).toBe(100);
    expect(shared.statements()).toBe(3);
  });
});
