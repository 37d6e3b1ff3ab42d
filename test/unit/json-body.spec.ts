import { VerbatimJson } from '../../src/http/verbatim-json.js';
import { parsedAtOnce, parsedBody } from '../support/parsed-body.js';
import { refusalOf } from '../support/refusal.js';

const parse = (text: string) => parsedAtOnce(text) as Record<string, unknown>;

describe('a body', () => {
  it('keeps a payload as it was written', () => {
    const payload =
      '{ "b": 9007199254740993, "a":1.0,"e":1e400, "n":"\\u0000\\ud800", "a":2,\n "__proto__":{"polluted":true} }';
    const body = parse(`{"event_type":"a:b", "pay\\u006coad" : ${payload} }`);
    expect(body.payload).toEqual(new VerbatimJson(payload, 'object'));
    expect(body.event_type).toBe('a:b');
    expect({}).not.toHaveProperty('polluted');
  });

  it('keeps the payload of each member of a batch', () => {
    const body = parse('{"events":[{"payload":{"n":1.0}},{},{"payload":[[ ]]}]}');
    expect(body.events).toEqual([{ payload: VerbatimJson.of('{"n":1.0}') }, {}, { payload: VerbatimJson.of('[[ ]]') }]);
  });

  it('is none when it is empty', () => {
    expect(parsedAtOnce('')).toBeUndefined();
  });

  it.each([
    ['a truncated object', '{"a":1'],
    ['white space alone', ' '],
    ['a byte order mark', '\ufeff{}'],
    ['a single quote', "{'a':1}"],
    ['a raw control character in a string', '{"a":"\n"}'],
    ['two values', '{}{}'],
  ])('is refused for %s', (_, text) => {
    expect(refusalOf(() => parse(text))).toMatchObject({ code: 'MALFORMED_JSON' });
  });

  it('is refused for invalid UTF-8, which is not replaced', () => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const error = refusalOf(() => parsedAtOnce(body));
    expect(error.code).toBe('MALFORMED_JSON');
    expect(error.message).toContain('UTF-8');
  });

  it('is not quoted in an error', () => {
    expect(refusalOf(() => parse('{"secret":"hunter2"')).message).not.toContain('hunter2');
  });

  it('may have `__proto__` as an ordinary member', () => {
    const body = parse('{"__proto__":{"polluted":true}}');
    expect(Object.keys(body)).toEqual(['__proto__']);
    expect(body).not.toHaveProperty('polluted');
  });

  it('of more than a mebibyte is read in turns with what else there is to do', async () => {
    const payloads = Array.from({ length: 32 }, (_, index) => `{"a":"${String(index).repeat(100_000)}"}`);
    const events = payloads.map((payload) => `{"payload":${payload}}`);
    let turns = 0;
    let isRead = false;
    const takeTurn = (): void => {
      if (!isRead) setImmediate(takeTurn);
      turns++;
    };
    setImmediate(takeTurn);
    const body = await parsedBody(`{"events":[${events.join()}]}`);
    isRead = true;
    expect(body).toEqual({ events: payloads.map((text) => ({ payload: VerbatimJson.of(text) })) });
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it('of more than a mebibyte is refused for what its end holds', async () => {
    const events = Array<string>(10).fill(`{"payload":"${'x'.repeat(200_000)}"}`);
    await expect(parsedBody(`{"events":[${events.join()}]}]`)).rejects.toMatchObject({ code: 'MALFORMED_JSON' });
  });
});
