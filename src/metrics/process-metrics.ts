import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * prom-client's metrics of a Node process: processor time, memory, event loop lag, garbage collection. Observation
 * begins with the first call. Once per process, because it cannot be ended.
 */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
