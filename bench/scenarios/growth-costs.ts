import type { Distribution } from '../measures/samples.js';
import type { Cost, Goal } from '../report/cost.js';
import type { Result } from '../report/result.js';

export function latencyCost(name: string, { p50, p95 }: Distribution, goal: Goal | null = null): Cost {
  return { name, unit: 'ms', value: p95, p50, goal };
}

/** Under as much load as the service takes. */
export function intakeCosts(name: string, { answerMs, acceptedPerSecond }: Result): Cost[] {
  return [
    latencyCost(name, answerMs!),
    { name: `${name}, accepted events`, unit: '/s', value: acceptedPerSecond!, p50: null, goal: null },
  ];
}
