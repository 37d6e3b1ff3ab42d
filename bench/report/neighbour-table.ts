import type { NoiseReport } from '../helpers/noise-run.js';
import type { Distribution } from '../measures/samples.js';
import { aligned } from './aligned.js';
import type { Result } from './result.js';

/** The latency of an environment beside another may be this many times its latency alone. */
const MOST = 3;
const NOTHING = '–';
/** It could not be measured, which is worse than any number. */
const MISSING = '**–**';

/** A table for each engine: a quiet environment beside each noise. */
export function neighbourTableOf(results: readonly Result[]): string[] {
  const engines = new Set(results.filter(({ neighbour }) => neighbour !== undefined).map(({ engine }) => engine));
  return [...engines].flatMap((engine) => [
    `Beside a loud environment, ${engine}: p50/p99 in ms of a quiet one, and how many times that is of what it has alone.`,
    `**Bold**: over ${MOST} times.`,
    '',
    ...aligned([
      ['beside', 'answer ms', '×', 'receipt ms', '×', 'refused/lost/dup', 'what the loud one was answered'],
      ...results.filter((result) => result.engine === engine).flatMap(rowOf),
    ]),
    '',
  ]);
}

function rowOf({ neighbour, label, answerMs, receiptMs, lost, duplicates }: Result): string[][] {
  if (neighbour === undefined) return [];
  const { ratios, refused, noise } = neighbour;
  return [
    [
      label,
      millis(answerMs),
      ratios ? `${times(ratios.answerP50)}/${times(ratios.answerP99)}` : MISSING,
      millis(receiptMs),
      ratios ? `${times(ratios.receiptP50)}/${times(ratios.receiptP99)}` : MISSING,
      `${refused}/${lost}/${duplicates}`,
      noise ? answersOf(noise) : NOTHING,
    ],
  ];
}

function answersOf({ answers, broken }: NoiseReport): string {
  const counts = Object.entries(answers).map(([status, count]) => `${count} × ${status}`);
  if (broken > 0) counts.push(`${broken} broken`);
  return counts.join(', ') || 'nothing';
}

function millis(distribution: Distribution | null): string {
  return distribution === null ? MISSING : `${distribution.p50.toFixed(1)}/${distribution.p99.toFixed(1)}`;
}

function times(ratio: number): string {
  return ratio > MOST ? `**${ratio.toFixed(1)}**` : ratio.toFixed(1);
}
