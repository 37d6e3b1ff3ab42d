import { VerbatimJson } from '../../src/http/verbatim-json.js';

describe('VerbatimJson', () => {
  it.each([
    ['{}', 'object'],
    ['[]', 'array'],
    ['"{}"', 'string'],
    ['-1.0', 'number'],
    ['0', 'number'],
    ['true', 'boolean'],
    ['false', 'boolean'],
    ['null', 'null'],
  ])('knows that %s is of the kind %s', (text, kind) => {
    expect(VerbatimJson.of(text)).toEqual({ text, kind });
  });
});
