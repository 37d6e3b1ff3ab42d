import type { Arrivals } from './load-run.js';
import type { Stream } from './request-source.js';

export interface EventLoad {
  /** Of the service's processes; they get the connections in turn. */
  ports: readonly number[];
  streams: readonly Stream[];
  eventsPerRequest: number;
  /** Default: 250. */
  payloadBytes?: number | undefined;
  arrivals: Arrivals;
  seconds: number;
}
