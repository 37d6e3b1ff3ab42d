import { insertOperationalEvents, timeInJson } from '../../webhooks/operational-events.js';

export const REPORTED_COLUMNS = `id, environment_id, event_id, webhook_id, event_type, created_at, completed_at, status,
  attempt_count, error, response_status`;

/**
 * SQL: a query of a WITH that tells the operator of failed deliveries. Not of tests: whoever asked for one knows.
 *
 * @param logged the name of a query that gives `REPORTED_COLUMNS`.
 */
export function reportFailed(logged: string): string {
  return insertOperationalEvents(
    'delivery.failed',
    `SELECT * FROM ${logged} WHERE status = 'failed' AND event_type <> 'test'`,
    `json_build_object('delivery_id', id, 'event_id', event_id, 'webhook_id', webhook_id,
      'environment_id', environment_id, 'event_type', event_type, 'attempt_count', attempt_count, 'error', error,
      'response_status', response_status, 'created_at', ${timeInJson('created_at')}, 'failed_at', ${timeInJson('completed_at')})`,
  );
}
