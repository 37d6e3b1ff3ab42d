import fc from 'fast-check';
import { EgressError } from '../../src/egress/attempt-error.js';
import { IncomingAnswer } from '../../src/egress/incoming-answer.js';
import { RequestTimings } from '../../src/egress/request-timings.js';

/** What the parser sees of an answer that comes in these pieces. */
function seenOf(pieces: readonly Buffer[]): string | EgressError {
  const answer = new IncomingAnswer(new RequestTimings());
  const seen: Buffer[] = [];
  for (const piece of pieces) {
    const part = answer.take(piece);
    if (part instanceof EgressError) return part;
    seen.push(part);
  }
  return Buffer.concat(seen).toString('latin1');
}

function cut(text: string, at: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places
    .slice(1)
    .map((place, index) => bytes.subarray(places[index], place))
    .filter(({ length }) => length > 0);
}

const headerValue = fc.stringMatching(/^[ -~]{0,20}$/);
const interim = fc
  .tuple(fc.constantFrom('1.0', '1.1'), fc.integer({ min: 100, max: 199 }), fc.array(headerValue, { maxLength: 3 }))
  .map(([version, status, values]) => {
    const headers = values.map((value, index) => `x-${index}: ${value}\r\n`).join('');
    return `HTTP/${version} ${status} Interim\r\n${headers}\r\n`;
  });
const final = fc
  .tuple(fc.integer({ min: 200, max: 999 }), fc.string({ unit: 'binary-ascii', maxLength: 40 }))
  .map(([status, body]) => `HTTP/1.1 ${status} ?\r\nconnection: close\r\n\r\n${body}`);

describe('what the parser sees of an answer', () => {
  it('is the final one alone, whatever 1xx come before it and in whatever pieces', () => {
    fc.assert(
      fc.property(
        fc.array(interim, { maxLength: 5 }),
        final,
        fc.array(fc.nat(), { maxLength: 30 }),
        (before, last, at) => {
          expect(seenOf(cut(before.join('') + last, at))).toBe(last);
        },
      ),
    );
  });

  it('is all of what is no 1xx', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary-ascii', minLength: 13 }),
          fc.string({ unit: 'binary-ascii' }).map((rest) => `HTTP/1.1 2${rest}`),
          fc.constantFrom('SSH-2.0-OpenSSH_9.2p1', 'HTTP/1.1 1x0 odd', 'HTTP/1.x 100 odd', 'http/1.1 100 odd'),
        ),
        fc.array(fc.nat()),
        (text, at) => {
          fc.pre(!/^[\r\n]|^HTTP\/\d\.\d 1\d\d|^\0/.test(text));
          expect(seenOf(cut(text, at))).toBe(text);
        },
      ),
    );
  });

  it('ends at 16 KiB of 1xx', () => {
    const seen = seenOf(Array.from({ length: 700 }, () => Buffer.from('HTTP/1.1 102 Processing\r\n\r\n')));
    expect(seen).toMatchObject({ kind: 'response_too_large' });
  });

  it('is nothing of HTTP/2', () => {
    const settings = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]);
    expect(seenOf([settings])).toMatchObject({ kind: 'http2_only' });
  });
});
