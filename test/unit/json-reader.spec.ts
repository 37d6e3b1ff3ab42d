import fc from 'fast-check';
import { endOfValue } from '../../src/http/json-grammar.js';
import {
  JsonReader,
  MAX_JSON_DEPTH,
  MAX_JSON_ITEMS,
  MAX_JSON_MEMBERS,
  MAX_JSON_TEXT_BYTES,
  MAX_JSON_VALUES,
} from '../../src/http/json-reader.js';
import { VerbatimJson } from '../../src/http/verbatim-json.js';
import { refusalOf } from '../support/refusal.js';

const MAX_PAYLOAD_BYTES = 1_000_000;

function read(text: string | Buffer, sliceBytes = Infinity): unknown {
  const reader = new JsonReader(Buffer.from(text), MAX_PAYLOAD_BYTES);
  while (!reader.advance(sliceBytes));
  return reader.value;
}

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

/** JSON with one place of it changed, which is JSON still, or nearly. */
const nearlyJson = fc
  .tuple(jsonText, fc.nat(), fc.nat({ max: 2 }), fc.constantFrom('', ...'{}[]:,"\\ u0-+.eE1tfn\n\u0000\u001f\u00e9'))
  .map(([text, place, dropped, put]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + dropped);
  });

const tokens = fc
  .array(fc.constantFrom(...'{}[]:,"\\ u0-.e9', 'true', 'nul', '"a":', '1.5E+3', '\\u00e9', '\ufeff'))
  .map((parts) => parts.join(''));

/** The text as it arrives: UTF-8 has no lone surrogates. */
function inUtf8(text: string): string {
  return Buffer.from(text).toString();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the grammar', () => {
  const isValue = (bytes: Buffer): boolean => {
    try {
      return endOfValue(bytes, 0, { depth: MAX_JSON_DEPTH, bytes: MAX_PAYLOAD_BYTES }) === bytes.length;
    } catch {
      return false;
    }
  };

  it('takes what JSON.parse takes, and nothing else', () => {
    const text = fc.oneof(jsonText, nearlyJson, tokens, fc.json({ stringUnit: 'binary' }));
    let taken = 0;
    fc.assert(
      fc.property(text, (untrimmed) => {
        // It begins and ends at the value; white space around it is the reader's.
        const value = inUtf8(untrimmed.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
        taken += Number(isJson(value));
        expect(isValue(Buffer.from(value))).toBe(isJson(value));
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(1_000);
  });

  it.each<[what: string, texts: string[]]>([
    ['numbers', ['-', '01', '-01', '1.', '.5', '1e', '1e+', '+1', '0x1', '1_0', 'NaN', 'Infinity']],
    ['words', ['', 'tru', 'truee', 'nulL', 'undefined']],
    ['strings', ['"', '"\\', '"\\"', '"\\x"', '"\\u12"', '"\\u12g4"', '"\t"', '"\u0000"', "'a'"]],
    ['arrays', ['[', '[1', '[1,', '[1,]', '[,]', '[1 2]', '[}', '[1]]']],
    ['objects', ['{', '{]', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,}', '{"a" 1}', '{a:1}', '{1:1}']],
    ['members', ['{"a":1 "b":2}', '{"a"::1}', '{}{}']],
    ['white space', ['\ufeff1', '\u00a01', '1\f']],
  ])('does not take %s that are none', (_, texts) => {
    for (const text of texts) {
      expect([text, isJson(text)]).toEqual([text, false]);
      expect([text, isValue(Buffer.from(text))]).toEqual([text, false]);
    }
  });

  it('takes any bytes for text or no text, and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(typeof isValue(Buffer.from(bytes))).toBe('boolean');
      }),
    );
  });
});

describe('the reader', () => {
  it('makes the same as JSON.parse where nothing is opaque, however many bytes it reads at once', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, sliceBytes) => {
        fc.pre(!text.includes('payload'));
        const value = read(text, sliceBytes);
        expect(value).toStrictEqual(JSON.parse(text));
        expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.oneof(nearlyJson, tokens), (text) => {
        fc.pre(!isJson(inUtf8(text)));
        // One that repeats a member before it goes wrong is told of that.
        expect(refusalOf(() => read(text)).code).toBe('MALFORMED_JSON');
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the exact text of a payload, whatever it holds', () => {
    fc.assert(
      fc.property(jsonText, fc.constantFrom('"payload"', '"pay\\u006coad"', '"\\u0070ayload"'), (payload, name) => {
        const text = ` { "event_type" : "a:b" ,\n${name} :${payload}, "z": [1, {"payload": 2}] }`;
        expect(read(text)).toEqual({
          event_type: 'a:b',
          payload: VerbatimJson.of(inUtf8(payload.trim())),
          z: [1, { payload: 2 }],
        });
      }),
    );
  });

  it('keeps that of each member of a batch', () => {
    fc.assert(
      fc.property(fc.array(jsonText, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (payloads, sliceBytes) => {
        const members = payloads.map((payload, index) => `{"n":[${index}, [0]],"payload":${payload}}`);
        expect(read(`{"events":[ 1, ${[...members, '[]'].join(' , ')}]}`, sliceBytes)).toEqual({
          events: [
            1,
            ...payloads.map((text, index) => ({
              n: [index, [0]],
              payload: VerbatimJson.of(inUtf8(text.trim())),
            })),
            [],
          ],
        });
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
  ])('names the repeated member of %s', (text, field) => {
    const { code, details } = refusalOf(() => read(text));
    expect({ code, details }).toEqual({
      code: 'MALFORMED_JSON',
      details: { failures: [{ field, message: 'must be given once' }] },
    });
  });

  it.each([
    '{"payload":{"a":1,"a":2}}',
    '{"events":[{"payload":[{"a":1,"a":2}]}]}',
    '{"a":{"x":1},"b":{"x":1}}',
    '["a","a"]',
    '{"toString":1,"constructor":2}',
  ])('finds no repeated member in %s', (text) => {
    expect(() => read(text)).not.toThrow();
  });

  it.each([
    '{"data":{"payload":1}}',
    '[{"payload":1}]',
    '{"events":{"payload":1}}',
    '{"events":[[{"payload":1}]]}',
    '"payload"',
  ])('takes nothing in %s for a payload', (text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });

  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const list = (count: number, item = '0'): string => `[${Array<string>(count).fill(item).join()}]`;
  const members = (count: number): string => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join()}}`;
  const thousands = (count: number): string => `{"a":${list(count / 1_000, list(999))}}`;

  it.each<[what: string, limit: number, make: (size: number) => string, field: string, rule: RegExp]>([
    ['levels', MAX_JSON_DEPTH, nested, '', /nested deeper than 64 levels/],
    ['levels of a payload', MAX_JSON_DEPTH, (n) => `{"payload":${nested(n)}}`, 'payload', /nested deeper than 64/],
    [
      "levels of a member's payload",
      MAX_JSON_DEPTH,
      (n) => `{"events":[0,{"payload":${nested(n)}}]}`,
      'events.1.payload',
      /nested deeper than 64/,
    ],
    ['items', MAX_JSON_ITEMS, (n) => `{"a":{"b":${list(n)}}}`, 'a.b', /at most 1000 items/],
    ['items of the body', MAX_JSON_ITEMS, list, '', /The body must have at most 1000 items/],
    ['members', MAX_JSON_MEMBERS, (n) => `[{},${members(n)}]`, '1', /at most 100 members/],
    ['members of the body', MAX_JSON_MEMBERS, members, '', /The body must have at most 100 members/],
    ['bytes of a text', MAX_JSON_TEXT_BYTES, (n) => `{"a":["${'x'.repeat(n)}"]}`, 'a.0', /at most 16383 bytes/],
    ['digits', MAX_JSON_TEXT_BYTES, (n) => `{"a":${'1'.repeat(n)}}`, 'a', /at most 16383 bytes/],
    [
      'bytes of a payload',
      MAX_PAYLOAD_BYTES,
      (n) => `{"payload":"${'x'.repeat(n - 2)}"}`,
      'payload',
      /over 1000000 bytes/,
    ],
  ])('takes %s up to its limit, and refuses more by the name of the field', (_, limit, make, field, rule) => {
    expect(() => read(make(limit))).not.toThrow();
    const { message, details } = refusalOf(() => read(make(limit + 1)));
    expect(message).toMatch(rule);
    const failures = (details as { failures: { field: string }[] } | undefined)?.failures ?? [{ field: '' }];
    expect(failures.map((failure) => failure.field)).toEqual([field]);
  });

  it('takes so many values in all, those of a full batch among them', () => {
    const event = '{"event_type":"record:created","payload":{},"idempotency_key":"k"}';
    expect(() => read(`{"events":${list(1_000, event)}}`)).not.toThrow();
    expect(() => read(thousands(MAX_JSON_VALUES - 1_000))).not.toThrow();
    expect(refusalOf(() => read(thousands(MAX_JSON_VALUES))).message).toBe(
      'The body must have at most 10000 values beside payloads',
    );
  });

  it('ends where a limit is passed, whatever follows', () => {
    expect(refusalOf(() => read(`{"event_types":[${'0,'.repeat(2_000)}`)).code).toBe('VALIDATION_FAILED');
    expect(refusalOf(() => read(`{"payload":${'[0],'.repeat(2)}`)).code).toBe('MALFORMED_JSON');
    expect(refusalOf(() => read(`{"payload":[${'0,'.repeat(MAX_PAYLOAD_BYTES)}`)).code).toBe('PAYLOAD_TOO_LARGE');
  });

  it('says where the text is no JSON', () => {
    expect(refusalOf(() => read('{"ä":tru}')).message).toBe('The body is not valid JSON (at byte 9)');
    expect(refusalOf(() => read('{"a":1')).message).toBe('The body is not valid JSON (at byte 6)');
  });
});
