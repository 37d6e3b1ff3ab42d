import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * Between two looks at how late the event loop is; the lag that is told includes it. prom-client's own, 10 ms, takes
 * 3 ms of each second of an idle process.
 */
const LAG_RESOLUTION_MS = 20;

/** prom-client's metrics of a Node process, from the first call on. Once per process, because it cannot be ended. */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_RESOLUTION_MS });
  }
  return registry;
}
