import type { Queryable } from '../../database/queryable.js';
import { endpointState, type EndpointState } from '../../webhooks/endpoint-state.js';
import { lastLoggedSuccess } from './record-health.js';

export interface HealthRow {
  state: EndpointState;
  since: Date;
  paused_until: Date | null;
  next_probe_at: Date | null;
  last_success_at: Date | null;
  last_failure_at: Date | null;
  last_failure_error: string | null;
  last_failure_status: number | null;
  last_failure_delivery_id: string | null;
}

const READ = `
  SELECT w.state,
    CASE w.state
      WHEN 'inactive' THEN coalesce(w.disabled_at, w.created_at)
      WHEN 'paused' THEN h.paused_at
      ELSE coalesce(h.changed_at, w.created_at)
    END AS since,
    CASE WHEN w.state = 'paused' THEN h.paused_until END AS paused_until,
    CASE WHEN w.state = 'down' THEN h.next_probe_at END AS next_probe_at,
    greatest(h.last_success_at, ${lastLoggedSuccess('w.id')}) AS last_success_at,
    h.last_failure_at, h.last_failure_error, h.last_failure_status, h.last_failure_delivery_id
  FROM (
    SELECT webhook.*, ${endpointState('webhook', 'health')} AS state
    FROM webhook LEFT JOIN webhook_health health ON health.webhook_id = webhook.id
    WHERE webhook.environment_id = $1 AND webhook.id = $2 AND webhook.deleted_at IS NULL
  ) w
  LEFT JOIN webhook_health h ON h.webhook_id = w.id`;

export async function findHealth(
  database: Queryable,
  environmentId: string,
  webhookId: string,
): Promise<HealthRow | null> {
  const [row] = await database.query<HealthRow[]>(READ, [environmentId, webhookId]);
  return row ?? null;
}
