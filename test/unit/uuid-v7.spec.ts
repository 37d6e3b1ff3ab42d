import { isUuid, timeOf, uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';

const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('uuidV7', () => {
  it('has the form of RFC 9562: the time first, version 7, variant 10', () => {
    // The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z.
    const id = uuidV7(1_645_557_742_000);
    expect(id).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts by time', () => {
    const times = [0, 1, 999, 1_645_557_742_000, 1_645_557_742_001, 2 ** 48 - 1];
    const ids = times.map((time) => uuidV7(time));
    expect([...ids].sort()).toEqual(ids);
  });

  it('does not repeat within a millisecond, also past the end of its pool of random bytes', () => {
    const ids = Array.from({ length: 10_000 }, () => uuidV7(1_645_557_742_000));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives the ids of one instant the order in which they were made', () => {
    for (const time of [1_645_557_743_000, 1_645_557_743_001, 1_645_557_742_999]) {
      const ids = Array.from({ length: 3_000 }, () => uuidV7(time));
      expect([...ids].sort()).toEqual(ids);
    }
  });

  it('keeps to its instant, and repeats nothing, when it makes more ids than it can put in order', () => {
    const time = 1_645_557_744_000;
    const ids = Array.from({ length: 20_000 }, () => uuidV7(time));
    expect(new Set(ids.map(timeOf))).toEqual(new Set([time]));
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
    expect(ids.filter((id) => !VERSION_7.test(id))).toEqual([]);
  });

  it('is never below the floor of its instant nor above that of the next', () => {
    for (const time of [0, 1_645_557_742_000]) {
      const id = uuidV7(time);
      expect(id > uuidV7Floor(time)).toBe(true);
      expect(id < uuidV7Floor(time + 1)).toBe(true);
    }
  });
});

describe('uuidV7Floor', () => {
  it('takes an instant before 1970 for 1970', () => {
    expect(uuidV7Floor(-1)).toBe('00000000-0000-0000-0000-000000000000');
  });
});

describe('isUuid', () => {
  it.each(['4a4de828-f4db-4c9e-adfd-434e0864c3c7', '4A4DE828-F4DB-4C9E-ADFD-434E0864C3C7', uuidV7(0)])(
    'takes %s',
    (text) => {
      expect(isUuid(text)).toBe(true);
    },
  );

  it.each([
    '',
    '4a4de828f4db4c9eadfd434e0864c3c7',
    '{4a4de828-f4db-4c9e-adfd-434e0864c3c7}',
    ' 4a4de828-f4db-4c9e-adfd-434e0864c3c7',
    '4a4de828-f4db-4c9e-adfd-434e0864c3c7\n',
    '4a4de828-f4db-4c9e-adfd-434e0864c3cg',
    7,
    null,
    ['4a4de828-f4db-4c9e-adfd-434e0864c3c7'],
  ])('refuses %j', (value) => {
    expect(isUuid(value)).toBe(false);
  });
});
