import { Inject } from '@nestjs/common';

/** The pool for work on events and deliveries: accept, claim, record, clean up. */
export const PIPELINE_DATA_SOURCE = Symbol('PIPELINE_DATA_SOURCE');

/** One connection, for finding out who makes a request. */
export const ACCESS_DATA_SOURCE = Symbol('ACCESS_DATA_SOURCE');

/** One connection, for events of environments that publish little. */
export const INTAKE_DATA_SOURCE = Symbol('INTAKE_DATA_SOURCE');

/**
 * Injects the `DataSource` of the pipeline. The `DataSource` injected by its class alone is for requests: their callers
 * give up sooner (`REQUEST_PATIENCE`), and deliveries continue when all its connections wait for a lock.
 */
export function PipelineDataSource(): ParameterDecorator {
  return Inject(PIPELINE_DATA_SOURCE);
}

/**
 * Injects the `DataSource` for token look-ups. Every request may wait for one. Requests that publish must not wait for
 * what changes of webhooks wait for, and look-ups that hang must not keep the pipeline's connections.
 */
export function AccessDataSource(): ParameterDecorator {
  return Inject(ACCESS_DATA_SOURCE);
}

/**
 * Injects the `DataSource` for events of environments that publish little: they do not wait for a connection behind the
 * events of others. With few connections it is the pipeline's.
 */
export function IntakeDataSource(): ParameterDecorator {
  return Inject(INTAKE_DATA_SOURCE);
}

/** With fewer connections, the pipeline cannot spare one. */
const POOL_SIZE_WITH_INTAKE = 7;

/** How DATABASE_POOL_SIZE connections (3 or more) are shared. */
export function shareConnections(total: number): {
  access: number;
  intake: number;
  pipeline: number;
  requests: number;
} {
  const access = 1;
  const intake = total >= POOL_SIZE_WITH_INTAKE ? 1 : 0;
  const pipeline = Math.max(1, Math.floor(((total - access - intake) * 2) / 5));
  return { access, intake, pipeline, requests: total - access - intake - pipeline };
}
