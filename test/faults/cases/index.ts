import { PGBOUNCER, POSTGRES_KILL, POSTGRES_KILL_ALL, TERMINATE_SESSIONS } from './database-faults.js';
import type { FaultCase } from './fault-case.js';
import { CALM, KILL_ANSWERED, KILL_DELIVERING, KILL_INTAKE, SIGTERM } from './process-faults.js';
import { ALONE, NO_FENCE, REPLICAS, STOP } from './replica-faults.js';

/** In the order in which they run. */
export const CASES: readonly FaultCase[] = [
  CALM,
  KILL_DELIVERING,
  KILL_INTAKE,
  KILL_ANSWERED,
  SIGTERM,
  STOP,
  NO_FENCE,
  REPLICAS,
  ALONE,
  POSTGRES_KILL,
  POSTGRES_KILL_ALL,
  TERMINATE_SESSIONS,
  PGBOUNCER,
];
