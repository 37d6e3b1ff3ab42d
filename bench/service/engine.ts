import type pg from 'pg';

/** Where a service keeps its data. */
export interface Engine {
  readonly name: 'embedded' | 'server';
  makeStorage(): Promise<Storage>;
}

/** While no service runs. */
export interface LoneConnection {
  client: pg.Client;
  /** For more connections to the same database. */
  url: string;
  close: () => Promise<void>;
}

export interface Storage {
  /** Settings with which the service uses it. */
  readonly env: Record<string, string>;
  readonly isShared: boolean;
  /** Beside the service's own. On the embedded engine it leads to the engine inside the running service. */
  connect(): Promise<pg.Client>;
  /** For work on the tables while no service runs. */
  connectAlone(): Promise<LoneConnection>;
  /** Of the engine's own processes, in microseconds; null: it has none, or they are not on this machine. */
  cpuMicros(): number | null;
  /** Idempotent. */
  remove(): Promise<void>;
}
