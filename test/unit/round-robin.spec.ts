import fc from 'fast-check';
import { RoundRobin } from '../../src/common/round-robin.js';
import { Semaphore } from '../../src/common/semaphore.js';

const filled = (owners: Record<string, number[]>): RoundRobin<{ owner: string; weight: number }> => {
  const queue = new RoundRobin<{ owner: string; weight: number }>();
  for (const [owner, weights] of Object.entries(owners))
    for (const weight of weights) queue.push(owner, { owner, weight });
  return queue;
};
const namesOf = (items: { owner: string }[]): string => items.map(({ owner }) => owner).join('');
/** Says yes to what fits into so much, and to the first of all. */
const upTo = (limit: number) => {
  let sum = 0;
  return ({ weight }: { weight: number }): boolean => {
    if (sum > 0 && sum + weight > limit) return false;
    sum += weight;
    return true;
  };
};

describe('a queue whose owners take turns', () => {
  it('gives one of each owner before a second of any, and each its own in order', () => {
    const queue = new RoundRobin<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item[0]!, item);
    expect(queue.takeUpTo(4)).toEqual(['a1', 'b1', 'c1', 'a2']);
    queue.push('b', 'b2');
    expect([queue.takeUpTo(10), queue.size, queue.owners]).toEqual([['c2', 'a3', 'b2'], 0, []]);
  });

  it('gives somebody who comes last a turn before the second of those who have thousands', () => {
    const queue = filled({ a: Array<number>(20_000).fill(1), b: Array<number>(20_000).fill(1), c: [1] });
    expect(namesOf(queue.takeUpTo(3))).toBe('abc');
  });

  it('passes over what does not fit, which comes first the next time', () => {
    const queue = filled({ a: [1, 1, 1], b: [100], c: [1] });
    expect(namesOf(queue.take(upTo(10)))).toBe('acaa');
    queue.push('a', { owner: 'a', weight: 1 });
    expect(namesOf(queue.take(upTo(10)))).toBe('b');
    expect(namesOf(queue.take(upTo(10)))).toBe('a');
  });

  it('lets nobody wait for more than one turn of each other', () => {
    const owners = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(owners, fc.integer({ min: 1, max: 5 }), (counts, atOnce) => {
        const queue = new RoundRobin<number>();
        counts.forEach((count, owner) => Array.from({ length: count }, () => queue.push(String(owner), owner)));
        const turns: number[] = [];
        while (queue.size > 0) turns.push(...queue.takeUpTo(atOnce));
        return counts.every((_, owner) => {
          let begin = 0;
          return turns.every((served, index) => {
            if (served !== owner) return true;
            const others = turns.slice(begin, index);
            begin = index + 1;
            return new Set(others).size === others.length;
          });
        });
      }),
      { numRuns: 100 },
    );
  });

  it('takes everything within as many rounds as there are owners, whatever fits beside what', () => {
    const weights = fc.array(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(weights, (all) => {
        const queue = filled(Object.fromEntries(all.map((of, owner) => [`o${owner}`, of])));
        // The one that has waited longest is always taken, so the first item of each is gone after one round of each.
        const firsts = new Set(queue.owners);
        for (let round = 0; round < all.length; round++)
          for (const { owner } of queue.take(upTo(20))) firsts.delete(owner);
        return firsts.size === 0;
      }),
    );
  });

  it('gives up what is unwanted, and counts on', () => {
    const queue = filled({ a: [1, 2], b: [2] });
    expect(namesOf(queue.remove(({ weight }) => weight === 2))).toBe('ab');
    expect([queue.size, queue.owners]).toEqual([1, ['a']]);
    expect(namesOf(queue.takeUpTo(5))).toBe('a');
  });
});

describe('turns', () => {
  it('go round the owners of what waits', async () => {
    const turns = new Semaphore(1);
    const done: string[] = [];
    const work = (name: string) => turns.run(() => Promise.resolve(void done.push(name)), name[0]);
    await Promise.all(['a1', 'a2', 'a3', 'b1'].map(work));
    expect(done).toEqual(['a1', 'a2', 'b1', 'a3']);
  });
});

describe('Semaphore', () => {
  it('lets nobody wait beyond a signal, and keeps the permit for who comes next', async () => {
    const permits = new Semaphore(1);
    await permits.acquire();
    const tooLate = new AbortController();
    const givenUp = permits.acquire('', tooLate.signal);
    const patient = permits.acquire('', new AbortController().signal);
    tooLate.abort(new Error('too late'));
    await expect(givenUp).rejects.toThrow('too late');
    permits.release();
    await patient;
    let isFree = false;
    const next = permits.acquire().then(() => (isFree = true));
    await Promise.resolve();
    expect(isFree).toBe(false);
    permits.release();
    await next;
  });
});
