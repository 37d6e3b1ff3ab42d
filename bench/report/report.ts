import type { BareLoop } from '../bare-loop.js';
import type { ReceiverName } from '../helpers/answers.js';
import type { Machine } from '../measures/machine.js';
import type { EngineName, ScenarioName } from '../options.js';
import type { Result } from './result.js';

export interface Failure {
  scenario: ScenarioName;
  engine: EngineName;
  message: string;
}

/** A whole run, as kept in bench/results. */
export interface Report {
  startedAt: string;
  machine: Machine;
  /** Version and settings of each engine that was measured. */
  postgres: Record<string, string>;
  arguments: string[];
  /** By the receiver that it sends to. */
  bareLoops: Partial<Record<ReceiverName, { start: BareLoop; end: BareLoop }>>;
  results: Result[];
  failures: Failure[];
}

/** Relative to the mean of the two measurements of the bare loop; null: there is no rate. */
export function ratioOf({ bareLoops }: Report, { deliveriesPerSecond, receiver }: Result): number | null {
  const { start, end } = bareLoops[receiver]!;
  const bare = (start.perSecond + end.perSecond) / 2;
  return deliveriesPerSecond === null ? null : deliveriesPerSecond / bare;
}
