import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/** prom-client's metrics of a Node process, from the first call on. Once per process, because it cannot be ended. */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
