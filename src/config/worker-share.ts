import type { Config } from './config.js';

/** What one worker may use, so that all use together what one process would. */
export function shareOf(config: Config, { worker, workers }: { worker: number; workers: number }): Config {
  // What cannot be divided evenly goes to the first ones.
  const part = (total: number): number => Math.floor(total / workers) + (worker <= total % workers ? 1 : 0);
  return config.with({
    workers,
    databasePoolSize: part(config.databasePoolSize),
    inFlightLimit: part(config.inFlightLimit),
    inFlightPerWebhook: part(config.inFlightPerWebhook),
  });
}

/** A worker's part of a bound that is no setting: at least 1. */
export function partOf(total: number, { workers }: Pick<Config, 'workers'>): number {
  return Math.max(1, Math.floor(total / workers));
}
