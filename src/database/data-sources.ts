/**
 * The names of the data sources, for `@InjectDataSource(PIPELINE)` and `@InjectRepository(…, ACCESS)`. The one without
 * a name is for requests: their callers give up sooner (`REQUEST_PATIENCE`), and deliveries continue when all its
 * connections wait for a lock.
 */

export const PIPELINE = 'pipeline';

/**
 * One connection, for token look-ups: requests that publish must not wait behind changes of webhooks, and look-ups that
 * hang must not keep the pipeline's connections.
 */
export const ACCESS = 'access';

/**
 * One connection, for events of environments that publish little: they do not wait behind the events of others. With
 * few connections it is the pipeline's.
 */
export const INTAKE = 'intake';

/** With fewer connections, the pipeline cannot spare one. */
const POOL_SIZE_WITH_INTAKE = 7;

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
