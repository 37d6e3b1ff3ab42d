import { slotsOf } from '../support/json-slots.js';

const VALUE = { a: [1, {}], 'b"': null };

describe('the places in a JSON text', () => {
  const { values, members, spaces } = slotsOf(VALUE);

  it('are those of the whole, and of each member and item', () => {
    expect(values.map(({ path }) => path)).toEqual(['', 'a', 'a.0', 'a.1', 'b"']);
    for (const { head, tail, value } of values) {
      expect(JSON.parse(head + JSON.stringify(value) + tail)).toEqual(VALUE);
    }
  });

  it('take another value and leave the rest', () => {
    const { head, tail } = values.find(({ path }) => path === 'a.1')!;
    expect(JSON.parse(`${head}"other"${tail}`)).toEqual({ ...VALUE, a: [1, 'other'] });
  });

  it('take more members in every object', () => {
    const grown = members.map(({ head, tail }) => JSON.parse(`${head}"c":0${tail}`) as unknown);
    expect(grown).toEqual([
      { ...VALUE, c: 0 },
      { ...VALUE, a: [1, { c: 0 }] },
    ]);
  });

  it('take white space in every object and array', () => {
    expect(spaces).toHaveLength(3);
    for (const { head, tail } of spaces) expect(JSON.parse(`${head} \n${tail}`)).toEqual(VALUE);
  });
});
