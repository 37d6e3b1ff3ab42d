import type { Distribution } from '../measures/samples.js';
import type { ReceiverName } from '../helpers/answers.js';
import type { EngineName, ScenarioName } from '../options.js';
import type { Cost } from './cost.js';
import type { Neighbour } from './neighbour.js';
import type { SeriesPoint } from './series.js';

/** One line of the table. README.md defines the names. Null: it cannot be measured. */
export interface Result {
  scenario: ScenarioName;
  engine: EngineName;
  receiver: ReceiverName;
  /** Distinguishes this line from the scenario's others; empty when it is the only one. */
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
  /** The part of the machine's processor time that uninvolved processes used; 0 to 1. */
  othersCpuShare: number | null;
  /** Of this scenario alone; each name ends in its unit if it has one. */
  figures: Record<string, number>;
  /** Of a scenario that compares sizes, at the size in the label; costs have a table of their own. */
  costs?: readonly Cost[];
  /** Of a scenario that compares environments; these have a table of their own, too. */
  neighbour?: Neighbour;
  /** Of a scenario that tells how things go on; drawn below the table. */
  series?: readonly SeriesPoint[];
  /** What went wrong, or could not be measured. */
  notes: string[];
}

export function emptyResult(line: Pick<Result, 'scenario' | 'engine' | 'receiver' | 'label'>): Result {
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
