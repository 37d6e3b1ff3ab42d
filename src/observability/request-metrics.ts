import type { FastifyInstance } from 'fastify';
import { type LabelsOf, NO_ROUTE, REQUEST_METHODS } from '../metrics/metric-table.js';
import type { Distribution, Metrics } from '../metrics/metrics.js';

type Labels = LabelsOf<'requestDuration'>;

const METHODS: ReadonlySet<string> = new Set(REQUEST_METHODS);

/** By route pattern: the actual path would make a series for each id. */
export function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  const known = new Map<string, Distribution>();
  fastify.addHook('onResponse', (request, reply, done) => {
    const labels: Labels = {
      method: methodOf(request.method),
      route: (request.is404 ? undefined : request.routeOptions.url) ?? NO_ROUTE,
      status: statusOf(reply.statusCode),
    };
    const key = `${labels.method} ${labels.route} ${labels.status}`;
    let durations = known.get(key);
    if (!durations) {
      durations = metrics.histogram('requestDuration', labels);
      known.set(key, durations);
    }
    durations.observe(reply.elapsedTime / 1000);
    done();
  });
}

function methodOf(method: string): Labels['method'] {
  return METHODS.has(method) ? (method as Labels['method']) : 'other';
}

function statusOf(status: number): Labels['status'] {
  return `${Math.floor(status / 100)}xx` as Labels['status'];
}
