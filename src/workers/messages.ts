/** What workers answer together: whichever is asked by a client asks the others. */
export type Topic = 'metrics' | 'readiness';

/** What a worker tells the supervisor. */
export type FromWorker =
  /** The database is ready for this version, so the others may start. */
  | { kind: 'prepared' }
  /** It takes requests. */
  | { kind: 'serving' }
  | { kind: 'ask'; id: number; topic: Topic; own: unknown }
  | { kind: 'answer'; question: number; value: unknown };

/** What the supervisor tells a worker. */
export type FromSupervisor =
  | { kind: 'stop'; signal: NodeJS.Signals }
  | { kind: 'question'; question: number; topic: Topic }
  | { kind: 'answers'; id: number; values: unknown[]; areStarting: boolean };
