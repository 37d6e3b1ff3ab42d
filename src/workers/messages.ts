/** What workers answer together: whichever is asked by a client asks the others. */
export type Topic = 'metrics' | 'readiness';

/** How long the supervisor waits for workers that are asked: one that has not answered by then counts as hanging. */
export const ANSWER_MS = 900;

/** What a worker tells the supervisor. */
export type FromWorker =
  /** The database is ready for this version, so the others may start. */
  | { kind: 'prepared' }
  /** It takes requests. */
  | { kind: 'serving' }
  /** It was told to stop. */
  | { kind: 'leaving' }
  | { kind: 'ask'; id: number; topic: Topic; own: unknown }
  | { kind: 'answer'; question: number; value: unknown };

/** What the supervisor tells a worker. */
export type FromSupervisor =
  | { kind: 'stop'; signal: NodeJS.Signals }
  /** To one that is leaving: it alone was told to stop, and whether others serve. */
  | { kind: 'others'; serve: boolean }
  | { kind: 'question'; question: number; topic: Topic }
  | { kind: 'answers'; id: number; values: unknown[]; areStarting: boolean };
