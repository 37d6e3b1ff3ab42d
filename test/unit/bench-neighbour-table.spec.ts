import { neighbourTableOf } from '../../bench/report/neighbour-table.js';
import type { Neighbour } from '../../bench/report/neighbour.js';
import type { Result } from '../../bench/report/result.js';

const RATIOS = { answerP50: 1, answerP99: 2, receiptP50: 3, receiptP99: 1.5 };
const distribution = { count: 120, p50: 2, p95: 3, p99: 4.04, max: 9 };

const result = (neighbour: Partial<Neighbour>, rest: Partial<Result> = {}): Result =>
  ({
    engine: 'server',
    label: 'GET /stats × 32',
    answerMs: distribution,
    receiptMs: distribution,
    lost: 0,
    duplicates: 0,
    neighbour: { ratios: RATIOS, refused: 0, noise: { answers: { 200: 7 }, broken: 0 }, ...neighbour },
    ...rest,
  }) as Result;

const cellsOf = (...results: Result[]): string[][] =>
  neighbourTableOf(results)
    .filter((line) => line.startsWith('| ') && !line.startsWith('| -') && !line.startsWith('| beside'))
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll('|', '').trim()));

describe('the table of what a quiet environment has beside a loud one', () => {
  it('tells latencies, how many times those alone they are, and what the loud one was answered', () => {
    const noise = { answers: { 200: 7, 429: 1_200 }, broken: 3 };
    expect(cellsOf(result({ noise, refused: 1 }, { lost: 2 }))).toEqual([
      ['GET /stats × 32', '2.0/4.0', '1.0/2.0', '2.0/4.0', '3.0/1.5', '1/2/0', '7 × 200, 1200 × 429, 3 broken'],
    ]);
  });

  it('marks what is over three times, and what could not be measured', () => {
    const cells = cellsOf(
      result({ ratios: { ...RATIOS, answerP99: 3.1 } }),
      result({ ratios: null, noise: { answers: {}, broken: 0 } }, { answerMs: null, receiptMs: null }),
    );
    expect(cells[0]![2]).toBe('1.0/**3.1**');
    expect(cells[1]!.slice(1, 5)).toEqual(['**–**', '**–**', '**–**', '**–**']);
    expect(cells[1]![6]).toBe('nothing');
  });

  it('has one part for each engine, and none without such results', () => {
    const titles = neighbourTableOf([result({}), result({}, { engine: 'embedded' })]).filter((line) =>
      line.endsWith('alone.'),
    );
    expect(titles.map((title) => /server|embedded/.exec(title)?.[0])).toEqual(['server', 'embedded']);
    expect(neighbourTableOf([result({}, { neighbour: undefined })])).toEqual([]);
  });
});
