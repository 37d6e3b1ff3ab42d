import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * What prom-client tells of any Node process: processor time, memory, event loop lag, garbage collection. Observing
 * begins with the first call. Once per process, because it cannot be ended.
 */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
