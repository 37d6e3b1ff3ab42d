import { Inject } from '@nestjs/common';

/** The pool of what moves events and deliveries: taking in, claiming, recording, tidying. */
export const PIPELINE_DATA_SOURCE = Symbol('PIPELINE_DATA_SOURCE');

/** One connection, for finding out who makes a request. */
export const ACCESS_DATA_SOURCE = Symbol('ACCESS_DATA_SOURCE');

/**
 * Injects the `DataSource` of the pipeline. The one that is injected by its class alone is that of requests: its callers
 * give up sooner (`REQUEST_PATIENCE`), and when all its connections wait for a lock, deliveries go on.
 */
export function PipelineDataSource(): ParameterDecorator {
  return Inject(PIPELINE_DATA_SOURCE);
}

/**
 * Injects the `DataSource` of look-ups of tokens. Every request may wait for one, publishing too, which must wait for
 * nothing that changes of webhooks wait for; and look-ups that hang must not keep the pipeline's connections.
 */
export function AccessDataSource(): ParameterDecorator {
  return Inject(ACCESS_DATA_SOURCE);
}

/** How DATABASE_POOL_SIZE connections, 3 or more, are shared. */
export function shareConnections(total: number): { access: number; pipeline: number; requests: number } {
  const access = 1;
  const pipeline = Math.max(1, Math.floor(((total - access) * 2) / 5));
  return { access, pipeline, requests: total - access - pipeline };
}
