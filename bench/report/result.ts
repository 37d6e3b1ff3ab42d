import type { Distribution } from '../measures/samples.js';
import type { EngineName, ScenarioName } from '../options.js';
import type { Cost } from './cost.js';

/** One line of the table. What README.md calls by the same names is defined there. Null: it cannot be told. */
export interface Result {
  scenario: ScenarioName;
  engine: EngineName;
  /** What distinguishes this line from the scenario's others; empty when it is the only one. */
  label: string;
  /** Deliveries that were owed. */
  deliveries: number;
  deliveriesPerSecond: number | null;
  acceptedPerSecond: number | null;
  answerMs: Distribution | null;
  receiptMs: Distribution | null;
  lost: number;
  duplicates: number;
  unrecorded: number | null;
  /** Microseconds of processor time per delivery. */
  cpuMicros: {
    tidings: number | null;
    postgres: number | null;
    receiver: number | null;
    load: number | null;
  };
  walBytesPerDelivery: number | null;
  peakMemoryMb: number | null;
  /** Of the machine's processor time, what went to processes that have no part in the scenario; 0 to 1. */
  othersCpuShare: number | null;
  /** Figures of this scenario alone; each name ends in its unit where it has one. */
  figures: Record<string, number>;
  /** Of a scenario that compares sizes, at the one that the label tells; they have a table of their own. */
  costs?: readonly Cost[];
  /** What went wrong, or could not be measured. */
  notes: string[];
}
