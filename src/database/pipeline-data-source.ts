import { Inject } from '@nestjs/common';

/** The pool of what moves events and deliveries: taking in, claiming, recording, tidying. */
export const PIPELINE_DATA_SOURCE = Symbol('PIPELINE_DATA_SOURCE');

/**
 * Injects the `DataSource` of the pipeline. The one that is injected by its class alone is that of requests: its callers
 * give up sooner (`REQUEST_PATIENCE`), and when all its connections wait for a lock, deliveries go on.
 */
export function PipelineDataSource(): ParameterDecorator {
  return Inject(PIPELINE_DATA_SOURCE);
}

/** How DATABASE_POOL_SIZE connections, 2 or more, are shared. */
export function shareConnections(total: number): { pipeline: number; requests: number } {
  const pipeline = Math.max(1, Math.floor((total * 2) / 5));
  return { pipeline, requests: total - pipeline };
}
