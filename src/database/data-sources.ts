import { Inject } from '@nestjs/common';

/** The pool of what moves events and deliveries: taking in, claiming, recording, tidying. */
export const PIPELINE_DATA_SOURCE = Symbol('PIPELINE_DATA_SOURCE');

/** One connection, for finding out who makes a request. */
export const ACCESS_DATA_SOURCE = Symbol('ACCESS_DATA_SOURCE');

/** One connection, for taking in what environments publish that publish little. */
export const INTAKE_DATA_SOURCE = Symbol('INTAKE_DATA_SOURCE');

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

/**
 * Injects the `DataSource` of intake from environments that publish little: their events wait for no connection behind
 * what the others' are being made into. It is the pipeline's where there are few connections.
 */
export function IntakeDataSource(): ParameterDecorator {
  return Inject(INTAKE_DATA_SOURCE);
}

/** With fewer connections, the pipeline's are too few to give one away. */
const POOL_SIZE_WITH_INTAKE = 7;

/** How DATABASE_POOL_SIZE connections, 3 or more, are shared. */
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
