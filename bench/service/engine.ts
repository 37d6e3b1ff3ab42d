import type pg from 'pg';

/** Where a service keeps its data: what the scenarios are run on. */
export interface Engine {
  readonly name: 'embedded' | 'server';
  /** A fresh and empty database. */
  makeStorage(): Promise<Storage>;
}

/** While no service runs. */
export interface LoneConnection {
  client: pg.Client;
  /** Where more connections find the same database. */
  url: string;
  close: () => Promise<void>;
}

/** The database of one service. */
export interface Storage {
  /** What tells the service to use it. */
  readonly env: Record<string, string>;
  /** Whether replicas can share it. */
  readonly isShared: boolean;
  /** A connection beside the service's own. On the embedded engine that is to the engine inside the running service. */
  connect(): Promise<pg.Client>;
  /** For work on the tables while no service runs. */
  connectAlone(): Promise<LoneConnection>;
  /** Processor time of the engine's own processes, in microseconds; null: it has none, or they are not on this machine. */
  cpuMicros(): number | null;
  /** Idempotent. */
  remove(): Promise<void>;
}
