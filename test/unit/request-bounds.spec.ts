import { bestOf, brokenBounds, type Measured } from '../support/request-bounds.js';

const MEBIBYTE = 1_048_576;

const GOOD: Measured = {
  sentBytes: MEBIBYTE,
  status: 400,
  bytes: 1_000,
  reading: { blockMs: 5, computedMs: 5, heapBytes: 0, heapGrowthBytes: 4 * MEBIBYTE, residentGrowthBytes: 0 },
};

function withReading(reading: Partial<NonNullable<Measured['reading']>>, sentBytes = MEBIBYTE): Measured {
  return { ...GOOD, sentBytes, reading: { ...GOOD.reading!, ...reading } };
}

describe('the bounds of a request', () => {
  it('are kept by one that is answered briefly', () => {
    expect(brokenBounds(GOOD)).toEqual([]);
  });

  it.each<[string, Measured]>([
    ['blocked', withReading({ blockMs: 51 })],
    ['blocked', withReading({ blockMs: 101 }, 8 * MEBIBYTE)],
    ['memory', withReading({ heapGrowthBytes: 21 * MEBIBYTE })],
    ['memory', withReading({ residentGrowthBytes: 21 * MEBIBYTE })],
    ['error too long', { ...GOOD, bytes: 65_537 }],
    ['answered 500', { ...GOOD, status: 500 }],
    ['no answer', { ...GOOD, status: null, bytes: 0 }],
    ['no end', { ...GOOD, status: null, bytes: 0, reading: null }],
  ])('are broken: %s', (bound, measured) => {
    expect(brokenBounds(measured)).toEqual([bound]);
  });

  it('let a body in the upper half block for twice as long, and an answer that is no error be long', () => {
    expect(brokenBounds(withReading({ blockMs: 99 }, 8 * MEBIBYTE))).toEqual([]);
    expect(brokenBounds({ ...GOOD, status: 202, bytes: 200_000 })).toEqual([]);
  });

  it('are kept when each of them is in one of the tries', () => {
    const slow = withReading({ blockMs: 500 });
    const large = withReading({ heapGrowthBytes: 500 * MEBIBYTE });
    const busy = { ...GOOD, status: 503 };
    expect(brokenBounds(bestOf([slow]))).toEqual(['blocked']);
    expect(brokenBounds(bestOf([slow, slow]))).toEqual(['blocked']);
    expect(brokenBounds(bestOf([slow, large, busy]))).toEqual([]);
  });
});
