import type { Distribution } from '../measures/samples.js';
import type { EngineName, ScenarioName } from '../options.js';
import type { Cost } from './cost.js';
import type { Neighbour } from './neighbour.js';

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
  /** Of a scenario that compares what one environment has beside another; these have a table of their own, too. */
  neighbour?: Neighbour;
  /** What went wrong, or could not be measured. */
  notes: string[];
}

/** A line of which nothing is known. */
export function emptyResult(line: Pick<Result, 'scenario' | 'engine' | 'label'>): Result {
  return {
    ...line,
    deliveries: 0,
    deliveriesPerSecond: null,
    acceptedPerSecond: null,
    answerMs: null,
    receiptMs: null,
    lost: 0,
    duplicates: 0,
    unrecorded: null,
    cpuMicros: { tidings: null, postgres: null, receiver: null, load: null },
    walBytesPerDelivery: null,
    peakMemoryMb: null,
    othersCpuShare: null,
    figures: {},
    notes: [],
  };
}
