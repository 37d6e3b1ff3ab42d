import { BodyBudget, bodyLimitsOf } from '../../src/http/body-budget.js';
import type { ApiError } from '../../src/http/errors.js';

const LIMITS = { totalBytes: 100, shareBytes: 60 };

let nowMs: number;
let budget: BodyBudget;
let refused: [name: string, code: string][];

beforeEach(() => {
  nowMs = 0;
  budget = new BodyBudget(LIMITS, () => nowMs);
  refused = [];
});

const hold = (name: string, owner: string) =>
  budget.hold([owner], ({ code }: ApiError) => void refused.push([name, code]));

describe('The budget for bodies', () => {
  it('has room for what is under its bounds, and counts only what has arrived', () => {
    for (let count = 0; count < 50; count += 1) hold(`silent ${count}`, 'a');
    hold('one', 'a').grow(60);
    hold('two', 'b').grow(40);
    expect(refused).toEqual([]);
    expect(budget.heldBytes).toBe(100);
  });

  it('refuses the costliest body of an owner with more than its share, and nobody else’s', () => {
    const other = hold('costlier, but of another', 'b');
    other.grow(40);
    nowMs = 1_000;
    hold('larger', 'a').grow(35);
    hold('smaller', 'a').grow(26);
    expect(refused).toEqual([['larger', 'RATE_LIMITED']]);
    expect(budget.heldBytes).toBe(66);
  });

  it('refuses whoever is over the share alone', () => {
    hold('one', 'a').grow(61);
    expect(refused).toEqual([['one', 'RATE_LIMITED']]);
    expect(budget.heldBytes).toBe(0);
  });

  it('refuses the one that has held most for longest when there is too much in all', () => {
    hold('large and slow', 'a').grow(50);
    nowMs = 10_000;
    const fresh = hold('large and fresh', 'b');
    fresh.grow(50);
    hold('new', 'c').grow(1);
    expect(refused).toEqual([['large and slow', 'SERVER_BUSY']]);
    expect(budget.heldBytes).toBe(51);
  });

  it('counts each owner of a body, whichever of their shares is spent', () => {
    const refuse = ({ code }: ApiError): void => void refused.push(['body', code]);
    budget.hold(['token 1', 'network'], refuse).grow(40);
    nowMs = 1;
    budget.hold(['token 2', 'network'], refuse).grow(40);
    expect(refused).toEqual([['body', 'RATE_LIMITED']]);
  });

  it('keeps a body that is complete, and refuses the one that still arrives', () => {
    const complete = hold('complete', 'a');
    complete.grow(60);
    complete.complete();
    nowMs = 10_000;
    hold('arriving', 'a').grow(1);
    expect(refused).toEqual([['arriving', 'RATE_LIMITED']]);
    complete.release();
    hold('later', 'a').grow(60);
    expect(refused).toHaveLength(1);
  });

  it('gives back what is released, once', () => {
    const body = hold('one', 'a');
    body.grow(60);
    body.release();
    body.release();
    expect(budget.heldBytes).toBe(0);
    hold('two', 'a').grow(60);
    expect(refused).toEqual([]);
  });

  it('refuses the owner with the most before those with costlier bodies', () => {
    hold('slow', 'a').grow(20);
    nowMs = 10_000;
    hold('many 1', 'b').grow(25);
    hold('many 2', 'b').grow(30);
    hold('one more', 'c').grow(26);
    expect(refused).toEqual([['many 2', 'SERVER_BUSY']]);
  });

  it('refuses as many as it takes', () => {
    for (let count = 0; count < 12; count += 1) hold(`small ${count}`, 'a').grow(5);
    nowMs = 1_000;
    hold('large', 'b').grow(50);
    expect(refused.map(([name]) => name)).toEqual(['small 0', 'small 1']);
  });
});

describe('The bounds for bodies', () => {
  it('follow the largest body that is allowed, upwards alone', () => {
    expect(bodyLimitsOf(1_000, 128_000)).toEqual({ totalBytes: 128_000, shareBytes: 64_000 });
    expect(bodyLimitsOf(100_000, 128_000)).toEqual({ totalBytes: 400_000, shareBytes: 200_000 });
  });
});
