import fc from 'fast-check';
import { ProtocolUnits, type ProtocolUnit } from '../../src/database/embedded/protocol-units.js';

describe('ProtocolUnits', () => {
  it('keeps the five messages of a parameterised query together', () => {
    const query = Buffer.concat(['P', 'B', 'D', 'E', 'S'].map((type) => message(type, 'x')));
    expect(started().push(query)).toEqual([{ kind: 'messages', bytes: query, endsAtSync: true }]);
  });

  it('ends a unit at a simple query, a Sync and a Flush, and says where the engine will not be ready yet', () => {
    const sent = [
      message('Q', 'SELECT 1'),
      Buffer.concat([message('P', ''), message('H', '')]),
      Buffer.concat([message('E', ''), message('S', '')]),
    ];
    expect(started().push(Buffer.concat(sent))).toEqual([
      { kind: 'messages', bytes: sent[0], endsAtSync: true },
      { kind: 'messages', bytes: sent[1], endsAtSync: false },
      { kind: 'messages', bytes: sent[2], endsAtSync: true },
    ]);
  });

  it('takes encryption requests before the start', () => {
    const units = new ProtocolUnits();
    expect(units.push(prelude(80877103))).toEqual([{ kind: 'encryption' }]);
    expect(units.push(prelude(80877104))).toEqual([{ kind: 'encryption' }]);
    expect(units.push(prelude(196608, 'user\0me\0\0'))).toEqual([{ kind: 'startup' }]);
  });

  it('takes a cancel request and a termination as the end', () => {
    expect(new ProtocolUnits().push(prelude(80877102, 'pid+secret'))).toEqual([{ kind: 'end' }]);
    expect(started().push(message('X', ''))).toEqual([{ kind: 'end' }]);
  });

  it('finds the same units however the stream is cut into chunks', () => {
    const stream = fc.array(
      fc.record({ type: fc.constantFrom('P', 'B', 'D', 'E', 'S', 'Q', 'H'), body: fc.string({ maxLength: 300 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (messages, chunkSizes) => {
        const bytes = Buffer.concat([
          prelude(196608, 'user\0me\0\0'),
          ...messages.map(({ type, body }) => message(type, body)),
        ]);
        expect(pushInChunks(bytes, chunkSizes)).toEqual(new ProtocolUnits().push(bytes));
      }),
    );
  });
});

function started(): ProtocolUnits {
  const units = new ProtocolUnits();
  units.push(prelude(196608, 'user\0me\0\0'));
  return units;
}

function pushInChunks(bytes: Buffer, sizes: number[]): ProtocolUnit[] {
  const units = new ProtocolUnits();
  const found: ProtocolUnit[] = [];
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    found.push(...units.push(bytes.subarray(from, from + size)));
    from += size;
  }
  return found;
}

function message(type: string, body: string): Buffer {
  return Buffer.concat([Buffer.from(type), withLength(Buffer.from(body))]);
}

function prelude(code: number, rest = ''): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(code);
  return withLength(Buffer.concat([head, Buffer.from(rest)]));
}

function withLength(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
