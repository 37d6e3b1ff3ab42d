import { stringifyVerbatim } from '../../src/http/verbatim-answer.js';
import { VerbatimJson } from '../../src/http/verbatim-json.js';

describe('printing an answer that holds verbatim JSON', () => {
  it('puts each text in as it was written, dollar signs and quotes included', () => {
    const text = '{ "n": 1.0, "n": 9007199254740993, "cost": "$& $1 $$", "s": "\\ud800\\u0000" }';
    const answer = {
      id: 'a',
      payload: VerbatimJson.of(text),
      list: [VerbatimJson.of('1e400')],
    };
    expect(stringifyVerbatim(answer)).toBe(`{"id":"a","payload":${text},"list":[1e400]}`);
  });

  it('prints anything else as JSON', () => {
    const answer = { text: '"0"', at: new Date(0), missing: undefined, none: null };
    expect(stringifyVerbatim(answer)).toBe(JSON.stringify(answer));
  });
});
