import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/** Between two looks at how late the event loop is. Every 10 ms, prom-client's own, took a third of an idle process's time. */
const LAG_RESOLUTION_MS = 50;

/** prom-client's metrics of a Node process, from the first call on. Once per process, because it cannot be ended. */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_RESOLUTION_MS });
  }
  return registry;
}
