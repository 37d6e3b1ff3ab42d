import fc from 'fast-check';
import { ApiError } from '../../src/common/errors.js';
import { parseJsonBody } from '../../src/common/json-body.js';
import { VerbatimJson } from '../../src/common/verbatim-json.js';

const parse = (text: string) => parseJsonBody(Buffer.from(text)) as Record<string, unknown>;

function errorOf(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('It did not throw');
}

describe('parseJsonBody', () => {
  it('is JSON.parse where nothing is opaque', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        fc.pre(!text.includes('payload'));
        expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keeps a payload as it was written', () => {
    const payload =
      '{ "b": 9007199254740993, "a":1.0,"e":1e400, "n":"\\u0000\\ud800", "a":2,\n "__proto__":{"polluted":true} }';
    const body = parse(`{"event_type":"a:b", "pay\\u006coad" : ${payload} }`);
    expect(body.payload).toEqual(new VerbatimJson(payload, 'object', 2));
    expect(body.payload).toHaveProperty('byteLength', payload.length);
    expect(body.event_type).toBe('a:b');
    expect({}).not.toHaveProperty('polluted');
  });

  it('keeps the payload of each member of a batch', () => {
    const body = parse('{"events":[{"payload":{"n":1.0}},{},{"payload":[[ ]]}]}');
    expect(body.events).toEqual([
      { payload: new VerbatimJson('{"n":1.0}', 'object', 1) },
      {},
      { payload: new VerbatimJson('[[ ]]', 'array', 2) },
    ]);
  });

  it.each([
    ['{}', 'object'],
    ['[]', 'array'],
    ['"{}"', 'string'],
    ['-1.0', 'number'],
    ['true', 'boolean'],
    ['false', 'boolean'],
    ['null', 'null'],
  ])('knows that the payload %s is of the kind %s', (text, kind) => {
    expect(parse(`{"payload":\t${text}\n}`).payload).toMatchObject({ text, kind });
  });

  it('takes an empty body for none', () => {
    expect(parseJsonBody(Buffer.alloc(0))).toBeUndefined();
  });

  it.each([
    ['a truncated object', '{"a":1'],
    ['white space alone', ' '],
    ['a byte order mark', '\ufeff{}'],
    ['a single quote', "{'a':1}"],
    ['a raw control character in a string', '{"a":"\n"}'],
    ['two values', '{}{}'],
  ])('refuses %s', (_, text) => {
    expect(errorOf(() => parse(text))).toMatchObject({ code: 'MALFORMED_JSON' });
  });

  it('refuses invalid UTF-8 instead of replacing it', () => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const error = errorOf(() => parseJsonBody(body));
    expect(error.code).toBe('MALFORMED_JSON');
    expect(error.message).toContain('UTF-8');
  });

  it('names a repeated member of our own objects', () => {
    const error = errorOf(() => parse('{"events":[{"event_type":"a","event_type":"b"}]}'));
    expect(error).toMatchObject({ code: 'MALFORMED_JSON', statusCode: 400 });
    expect(error.message).toContain('events.0.event_type');
  });

  it('names the payload that is nested too deep, without building it', () => {
    const deep = '['.repeat(2_000_000);
    const error = errorOf(() => parse(`{"events":[{},{"payload":${deep}`));
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: { failures: [{ field: 'events.1.payload' }] },
    });
  });

  it('does not quote the body in an error', () => {
    expect(errorOf(() => parse('{"secret":"hunter2"')).message).not.toContain('hunter2');
  });

  it('leaves `__proto__` an ordinary member', () => {
    const body = parse('{"__proto__":{"polluted":true}}');
    expect(Object.keys(body)).toEqual(['__proto__']);
    expect(body).not.toHaveProperty('polluted');
  });
});
