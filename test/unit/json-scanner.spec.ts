import fc from 'fast-check';
import { scanJson } from '../../src/common/json-scanner.js';

const DEPTH = 64;

/** Any JSON text: odd white space, escaped characters, repeated and `__proto__` members, numbers that a double loses. */
const jsonText = fc.letrec<{ value: string; member: string }>((tie) => {
  const space = fc.constantFrom('', '', ' ', '\n\t', '\r\n  ');
  const name = fc.oneof(
    fc.constantFrom('"payload"', '"pay\\u006coad"', '"events"', '"__proto__"', '"constructor"', '"a"', '"\\"\\\\"'),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  );
  const scalar = fc.oneof(
    fc.constantFrom(
      '9007199254740993',
      '1.0',
      '-0',
      '1e400',
      '"\\u0000"',
      '"\\ud800"',
      '"\\\\"',
      '"\\""',
      'null',
      'true',
    ),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  );
  return {
    member: fc
      .tuple(space, name, space, tie('value'))
      .map(([before, key, after, value]) => `${before}${key}${after}:${value}`),
    value: fc.oneof(
      { maxDepth: 5, depthIdentifier: 'json' },
      fc.tuple(space, scalar, space).map((parts) => parts.join('')),
      fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'json' }).map((items) => ` [${items.join(',')}]`),
      fc.array(tie('member'), { maxLength: 4, depthIdentifier: 'json' }).map((members) => `{${members.join(',')} } `),
    ),
  };
}).value;

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('scanJson', () => {
  it('finds the exact text of a payload, whatever it holds', () => {
    fc.assert(
      fc.property(jsonText, fc.constantFrom('"payload"', '"pay\\u006coad"', '"\\u0070ayload"'), (payload, name) => {
        const text = ` { "event_type" : "a:b" ,\n${name} :${payload}, "z": [1, {"payload": 2}] }`;
        const scan = scanJson(text, DEPTH);
        expect(scan.repeatedMember).toBeNull();
        expect(scan.opaque).toHaveLength(1);
        const { start, end, eventIndex } = scan.opaque[0]!;
        expect(text.slice(start, end)).toBe(payload.trim());
        expect(JSON.parse(text.slice(start, end))).toEqual((JSON.parse(text) as { payload: unknown }).payload);
        expect(eventIndex).toBeNull();
      }),
    );
  });

  it('finds the payload of each member of a batch', () => {
    fc.assert(
      fc.property(fc.array(jsonText, { maxLength: 8 }), (payloads) => {
        const members = payloads.map((payload, index) => `{"n":[${index}, [0]],"payload":${payload}}`);
        const text = `{"events":[ 1, ${[...members, '[]'].join(' , ')}]}`;
        const { opaque } = scanJson(text, DEPTH);
        expect(opaque.map(({ start, end }) => text.slice(start, end))).toEqual(
          payloads.map((payload) => payload.trim()),
        );
        expect(opaque.map(({ eventIndex }) => eventIndex)).toEqual(payloads.map((_, index) => index + 1));
      }),
    );
  });

  it('measures the depth of a payload by itself', () => {
    fc.assert(
      fc.property(jsonText, (payload) => {
        // A repeated member hides the deeper of two values from JSON.parse.
        const unique = JSON.stringify(JSON.parse(payload));
        const { opaque } = scanJson(`{"payload":${unique}}`, DEPTH);
        expect(opaque[0]!.depth).toBe(depthOf(JSON.parse(unique)));
      }),
    );
  });

  it.each([
    ['{"a":1,"b":2,"a":3}', 'a'],
    ['{"a":1,"\\u0061":3}', 'a'],
    ['{"a":{"b":[0,{"c":1,"c":2}]}}', 'a.b.1.c'],
    ['{"payload":{},"payload":{}}', 'payload'],
    ['{"events":[{},{"payload":1,"payload":2}]}', 'events.1.payload'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('names the repeated member of %s', (text, path) => {
    expect(scanJson(text, DEPTH).repeatedMember).toBe(path);
  });

  it.each([
    '{"payload":{"a":1,"a":2}}',
    '{"events":[{"payload":[{"a":1,"a":2}]}]}',
    '{"a":{"x":1},"b":{"x":1}}',
    '["a","a"]',
  ])('finds no repeated member in %s', (text) => {
    expect(scanJson(text, DEPTH).repeatedMember).toBeNull();
  });

  it.each([
    '{"data":{"payload":1}}',
    '[{"payload":1}]',
    '{"events":{"payload":1}}',
    '{"events":[[{"payload":1}]]}',
    '"payload"',
  ])('takes nothing in %s for an opaque member', (text) => {
    expect(scanJson(text, DEPTH).opaque).toEqual([]);
  });

  it('allows the limit itself, in the document and in a payload', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(scanJson(nested(DEPTH), DEPTH).tooDeep).toBeNull();
    expect(scanJson(nested(DEPTH + 1), DEPTH).tooDeep).toMatchObject({ isOpaque: false });
    expect(scanJson(`{"payload":${nested(DEPTH)}}`, DEPTH).tooDeep).toBeNull();
    expect(scanJson(`{"events":[{"payload":${nested(DEPTH)}}]}`, DEPTH).tooDeep).toBeNull();
    const tooDeep = scanJson(`{"events":[0,{"payload":${nested(DEPTH + 1)}}]}`, DEPTH).tooDeep;
    expect(tooDeep).toEqual({ path: 'events.1.payload', isOpaque: true });
  });

  it('does not overflow the stack on a hostile nesting', () => {
    const levels = 100_000;
    expect(scanJson('['.repeat(levels), DEPTH).tooDeep).not.toBeNull();
    expect(scanJson(`{"payload":${'{"a":'.repeat(levels)}`, DEPTH).tooDeep).not.toBeNull();
  });

  it('ends on any text, JSON or not', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'{}[]:,"\\ u0', 'payload', '"payload":', '{"events":[')), (parts) => {
        expect(() => scanJson(parts.join(''), DEPTH)).not.toThrow();
      }),
    );
  });

  it('takes time in proportion to the text', () => {
    // Each is 1–4 MB; a scan that looks back or again at any of them would take minutes.
    const size = 1_000_000;
    for (const text of [
      '\\'.repeat(size),
      '\\"'.repeat(size),
      '"a":'.repeat(size),
      ' '.repeat(size),
      '}'.repeat(size),
    ]) {
      const startedAt = performance.now();
      scanJson(`{"payload":"${text}"}`, DEPTH);
      scanJson(`{"x":"${text}`, DEPTH);
      scanJson(`{"x":{${text}`, DEPTH);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    }
  });
});
