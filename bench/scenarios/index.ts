import type { ScenarioName } from '../options.js';
import { measureBacklog } from './backlog.js';
import { measureDrain } from './drain.js';
import { measureEndurance } from './endurance.js';
import { measureFairness } from './fairness.js';
import { measureFanOut, measureFanOuts } from './fan-out.js';
import { measureGrowth } from './growth.js';
import { measureIdle } from './idle.js';
import { measureBatchIntake, measureOneWebhook, measureSingleIntake, measureSizes } from './intake.js';
import { measureLate } from './late.js';
import { measureNeighbours } from './neighbours.js';
import { measureRates } from './rates.js';
import { measureRecovery } from './recovery.js';
import { measureReplicas } from './replicas.js';
import type { Scenario } from './scenario.js';
import { measureSteadyRate } from './steady-rate.js';
import { measureStored } from './stored.js';
import { measureTls } from './tls.js';
import { measureWide } from './wide.js';
import { measureByWrk } from './wrk.js';

export const SCENARIO_BY_NAME: Record<ScenarioName, Scenario> = {
  1: measureBatchIntake,
  2: measureSingleIntake,
  3: measureSteadyRate,
  4: measureFanOut,
  5: measureBacklog,
  6: measureStored,
  7: measureReplicas,
  fairness: measureFairness,
  recovery: measureRecovery,
  neighbours: measureNeighbours,
  growth: measureGrowth,
  wide: measureWide,
  one: measureOneWebhook,
  fanout: measureFanOuts,
  sizes: measureSizes,
  rates: measureRates,
  late: measureLate,
  idle: measureIdle,
  tls: measureTls,
  drain: measureDrain,
  wrk: measureByWrk,
  endurance: measureEndurance,
};
