import { VerbatimJson } from '../../src/common/verbatim-json.js';

describe('VerbatimJson', () => {
  it('counts its size in bytes of UTF-8, not in characters', () => {
    expect(new VerbatimJson('{"a":"€😀"}', 'object', 1).byteLength).toBe(15);
  });
});
