import { ENDINGS, MEMBERS, VALUES, WHOLES } from '../support/json-growths.js';

const BYTES = 50_000;

describe('the ways in which JSON grows', () => {
  it.each(VALUES)('$name is a value of the size that was asked for', ({ text }) => {
    const grown = text(BYTES);
    expect(grown.length).toBeLessThanOrEqual(BYTES);
    // One long string more would not fit.
    expect(grown.length).toBeGreaterThan(BYTES - 20_000);
    expect(() => JSON.parse(grown.toString())).not.toThrow();
  });

  it.each(MEMBERS)('$name are members of the size that was asked for', ({ text }) => {
    const grown = text(BYTES);
    expect(grown.length).toBeLessThanOrEqual(BYTES);
    expect(grown.length).toBeGreaterThan(BYTES - 20_000);
    expect(() => JSON.parse(`{${grown.toString()}}`)).not.toThrow();
  });

  it.each(WHOLES)('$name has the size that was asked for', ({ text }) => {
    const grown = text(BYTES);
    expect(grown.length).toBeLessThanOrEqual(BYTES);
    expect(grown.length).toBeGreaterThan(BYTES - 100);
  });

  it('each have a name of their own', () => {
    for (const growths of [VALUES, MEMBERS, WHOLES]) {
      expect(new Set(growths.map(({ name }) => name)).size).toBe(growths.length);
    }
  });

  it('have the shape also where it does not fit', () => {
    for (const { text } of VALUES) expect(() => JSON.parse(text(0).toString())).not.toThrow();
    for (const { text } of MEMBERS) expect(() => JSON.parse(`{${text(0).toString()}}`)).not.toThrow();
  });

  it('can be spoilt in their last byte alone', () => {
    const body = Buffer.from('{}');
    expect(ENDINGS.map(({ apply }) => [...apply(body)])).toEqual([[0x7b, 0x7d], [0x7b], [0x7b, 0xff]]);
  });
});
