import { fitLine } from '../../src/observability/fit-line.js';

const lineOf = (entry: object): string => `${JSON.stringify(entry)}\n`;

describe('a line of the log that has to fit', () => {
  it('stays as it is when it does, to the last byte', () => {
    const line = lineOf({ level: 'info', msg: 'é'.repeat(100) });
    expect(fitLine(line, Buffer.byteLength(line))).toBe(line);
    expect(fitLine(line, Buffer.byteLength(line) - 1)).not.toBe(line);
  });

  it('loses the end of its longest texts, wherever they are, and nothing else', () => {
    const line = lineOf({ level: 'warn', msg: 'short', count: 3, err: { type: 'Error', stack: '😀'.repeat(5_000) } });
    const fitting = fitLine(line, 4_096);
    expect(Buffer.byteLength(fitting)).toBeLessThanOrEqual(4_096);
    const { err, ...rest } = JSON.parse(fitting) as { err: { type: string; stack: string } };
    expect(rest).toEqual({ level: 'warn', msg: 'short', count: 3 });
    expect(err.type).toBe('Error');
    expect(err.stack).toMatch(/^(😀){500,}.*…$/u);
  });

  it('keeps what names it when it has too many members', () => {
    const members = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`member_${n}`, n]));
    const fitting = fitLine(lineOf({ level: 'warn', worker: 2, context: 'Test', msg: 'm', ...members }), 4_096);
    expect(JSON.parse(fitting)).toEqual({
      level: 'warn',
      worker: 2,
      context: 'Test',
      msg: 'm',
      err: { message: 'too long for a line' },
    });
  });
});
