import type { PostgresServer } from '../../../scripts/postgres-server.mjs';
import type { Findings } from '../checker.js';
import type { Cleanup } from '../cleanup.js';
import type { PgBouncer } from '../pgbouncer.js';
import type { Stage } from '../stage.js';
import type { Store } from '../store.js';
import type { TrafficPlan } from '../traffic.js';

export type Engine = Store['engine'];

/** What a case needs that not every case has. */
export interface Preparation {
  /** Another build of Tidings. */
  main?: string;
  env?: Record<string, string>;
  pgBouncer?: PgBouncer;
  /** The case cannot run here, and why. */
  notRun?: string;
}

export interface Surroundings {
  directory: string;
  store: Store;
  cleanup: Cleanup;
}

export interface Circumstances {
  /** null on the embedded engine. */
  server: PostgresServer | null;
  prepared: Preparation;
  isShort: boolean;
}

/** Something that goes wrong, and what has to hold then. */
export interface FaultCase {
  name: string;
  engines: readonly Engine[];
  /** Those that the short form runs it on. */
  shortEngines: readonly Engine[];
  replicas: number;
  /** Somebody serves all the time, so that healthy webhooks may hardly notice. */
  isServing: boolean;
  /** How long there is traffic at least; the short form may take less. */
  seconds: { full: number; short: number };
  /** Where it is not as usual. */
  traffic?: Partial<Pick<TrafficPlan, 'perSecond' | 'batchShare' | 'batchSize'>>;
  /** Settings of Tidings beside the usual ones. */
  env?: Record<string, string>;
  prepare?: (surroundings: Surroundings) => Promise<Preparation>;
  /** Makes the fault while there is traffic. */
  run: (stage: Stage, circumstances: Circumstances) => Promise<void>;
  /** What the fault did not hit although the case is about it; null: it hit. */
  findMiss?: (findings: Findings) => string | null;
  /** A planted defect: the report has to find this invariant broken, and is red when it does not. */
  mustBreak?: string;
}
