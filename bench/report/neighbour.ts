import type { NoiseReport } from '../helpers/noise-run.js';

export interface Neighbour {
  /** Relative to the environment alone; null: it could not be measured. */
  ratios: Record<'answerP50' | 'answerP99' | 'receiptP50' | 'receiptP99', number> | null;
  /** Requests of the quiet environment that were not accepted. */
  refused: number;
  /** The answers to the loud environment; null: nobody was loud. */
  noise: NoiseReport | null;
}
