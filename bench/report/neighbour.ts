import type { NoiseReport } from '../helpers/noise-run.js';

/** What a quiet environment had beside a loud one. */
export interface Neighbour {
  /** Against what it has alone; null: it could not be measured. */
  ratios: Record<'answerP50' | 'answerP99' | 'receiptP50' | 'receiptP99', number> | null;
  /** Requests of the quiet one that were not accepted. */
  refused: number;
  /** What the loud one was answered; null: nobody was loud. */
  noise: NoiseReport | null;
}
