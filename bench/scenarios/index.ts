import type { ScenarioName } from '../options.js';
import { measureBatchIntake, measureSingleIntake } from './intake.js';
import type { Scenario } from './scenario.js';

export const SCENARIO_BY_NAME: Partial<Record<ScenarioName, Scenario>> = {
  1: measureBatchIntake,
  2: measureSingleIntake,
};
