import fc from 'fast-check';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { ListCursors, type ListPlace } from '../../src/reads/list-cursors.js';

const key = (fill: number): { id: string; key: Buffer } => ({ id: `k${fill}`, key: Buffer.alloc(32, fill) });
const cursors = new ListCursors([key(1), key(2)]);
const at = Date.UTC(2021, 7, 10);
const ENVIRONMENT = '05daecaf-4365-42e8-8370-8127de5dd717';
const OTHER = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const place: ListPlace = { list: 'delivery', environmentId: ENVIRONMENT, filters: { status: 'failed' } };
const invalid = expect.objectContaining({ code: 'INVALID_CURSOR' }) as Error;
const refusal = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return error;
  }
};

/** Each differs from all others. */
const PLACES: ListPlace[] = [
  place,
  { ...place, list: 'event' },
  { ...place, environmentId: OTHER },
  { ...place, environmentId: null },
  { ...place, parentId: OTHER },
  { ...place, filters: {} },
  { ...place, filters: { status: 'succeeded' } },
  { ...place, filters: { status: 'failed', event_type: 'record:created' } },
  { ...place, filters: { event_type: 'failed' } },
  { ...place, filters: { status: 'failed', created_after: new Date(at) } },
  { ...place, filters: { status: 'failed', created_after: new Date(at + 1) } },
  { ...place, filters: { status: 'failed', created_before: new Date(at) } },
  { ...place, filters: { is_active: true } },
  { ...place, filters: { is_active: false } },
  { ...place, filters: { is_active: 'true' } },
  { ...place, list: 'delivery"', filters: {} },
];

describe('a cursor', () => {
  it('gives back the id that it was made of, is short, and needs no escaping in a URL', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (instant) => {
        const id = uuidV7(instant);
        const cursor = cursors.make(place, id);
        expect(cursor).toMatch(/^[\w-]{38}$/);
        expect(cursors.read(place, cursor)).toBe(id);
      }),
    );
  });

  it('is good for the place that it was made for, and for no other', () => {
    const id = uuidV7(at);
    for (const [from, origin] of PLACES.entries()) {
      for (const [to, target] of PLACES.entries()) {
        const outcome = refusal(() => cursors.read(target, cursors.make(origin, id)));
        expect(outcome).toEqual(from === to ? id : invalid);
      }
    }
  });

  it('does not depend on the order of the filters, nor on those that are not given', () => {
    const cursor = cursors.make({ ...place, filters: { a: '1', b: '2' } }, uuidV7(at));
    expect(cursors.read({ ...place, filters: { c: undefined, b: '2', a: '1' } }, cursor)).toBe(uuidV7Of(cursor));
  });

  it('is refused with any bit changed', () => {
    const bytes = Buffer.from(cursors.make(place, uuidV7(at)), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(refusal(() => cursors.read(place, changed.toString('base64url')))).toEqual(invalid);
    }
  });

  it('survives a rotation of the keys, as long as the key that it was made with is there', () => {
    const id = uuidV7(at);
    const cursor = cursors.make(place, id);
    expect(new ListCursors([key(3), key(1)]).read(place, cursor)).toBe(id);
    expect(refusal(() => new ListCursors([key(3)]).read(place, cursor))).toEqual(invalid);
  });

  it.each([
    '',
    'x',
    '!',
    '\0',
    uuidV7(at),
    `${cursors.make(place, uuidV7(at))}=`,
    ` ${cursors.make(place, uuidV7(at))}`,
    cursors.make(place, uuidV7(at)).slice(1),
    cursors.make(place, '4a4de828-f4db-4c9e-adfd-434e0864c3c7'),
    'A'.repeat(38),
    // As it was before cursors were authenticated.
    Buffer.from(uuidV7(at).replaceAll('-', ''), 'hex').toString('base64url'),
  ])('is refused when no list made it: %j', (cursor) => {
    expect(refusal(() => cursors.read(place, cursor))).toEqual(invalid);
  });

  it('is refused whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(refusal(() => cursors.read(place, text))).toEqual(invalid);
      }),
    );
  });
});

function uuidV7Of(cursor: string): string {
  return Buffer.from(cursor, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}
