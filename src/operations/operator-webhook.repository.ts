import type { EntityManager } from 'typeorm';
import type { Queryable } from '../database/queryable.js';

export interface OperatorWebhook {
  environmentId: string;
  webhookId: string;
  /** False: the setting was removed. */
  isOn: boolean;
  /** The environment or the webhook was deleted through the API. */
  isDeleted: boolean;
}

/** Why operational events do not reach their receiver, if the log has to tell the operator. */
export type OperatorWebhookTrouble = 'deleted' | 'inactive' | 'failing';

/** An endpoint that has failed for less time is not worth a log line. */
const FAILING_AFTER = '5 minutes';

/** Until the transaction ends, nobody else creates or switches it. Readers do not wait. */
export async function lockOperatorWebhook(manager: EntityManager): Promise<void> {
  await manager.query('LOCK TABLE operator_webhook IN EXCLUSIVE MODE');
}

export async function findOperatorWebhook(database: Queryable): Promise<OperatorWebhook | null> {
  const [row] = await database.query<OperatorWebhook[]>(
    `SELECT o.environment_id AS "environmentId", o.webhook_id AS "webhookId", o.is_on AS "isOn",
       e.deleted_at IS NOT NULL OR w.deleted_at IS NOT NULL AS "isDeleted"
     FROM operator_webhook o
     JOIN environment e ON e.id = o.environment_id
     JOIN webhook w ON w.environment_id = o.environment_id AND w.id = o.webhook_id`,
  );
  return row ?? null;
}

export async function replaceOperatorWebhook(
  manager: EntityManager,
  { environmentId, webhookId }: Pick<OperatorWebhook, 'environmentId' | 'webhookId'>,
): Promise<void> {
  await manager.query('DELETE FROM operator_webhook');
  await manager.query('INSERT INTO operator_webhook (environment_id, webhook_id, is_on) VALUES ($1, $2, true)', [
    environmentId,
    webhookId,
  ]);
}

/** Recorded events that were not delivered are out of date, and are deleted. */
const SWITCH = `
  WITH switched AS (
    UPDATE operator_webhook SET is_on = $1::boolean, is_backlog_old = false WHERE is_on <> $1::boolean RETURNING 1
  )
  DELETE FROM operational_event WHERE EXISTS (SELECT FROM switched)`;

export async function switchOperatorWebhook(database: Queryable, isOn: boolean): Promise<void> {
  await database.query(SWITCH, [isOn]);
}

export interface OperatorWebhookState {
  /** Null: it was deleted with its environment, or is switched off. */
  environmentId: string | null;
  hasEvents: boolean;
  trouble: OperatorWebhookTrouble | null;
}

const READ_STATE = `
  SELECT
    CASE WHEN w.deleted_at IS NULL AND e.deleted_at IS NULL THEN o.environment_id END AS "environmentId",
    EXISTS (SELECT FROM operational_event) AS "hasEvents",
    CASE
      WHEN o.environment_id IS NULL OR w.deleted_at IS NOT NULL OR e.deleted_at IS NOT NULL THEN 'deleted'
      WHEN NOT w.is_active THEN 'inactive'
      WHEN h.failing_since < now() - interval '${FAILING_AFTER}' THEN 'failing'
    END AS trouble
  FROM (SELECT) one
  LEFT JOIN operator_webhook o ON o.is_on
  LEFT JOIN environment e ON e.id = o.environment_id
  LEFT JOIN webhook w ON w.environment_id = o.environment_id AND w.id = o.webhook_id
  LEFT JOIN webhook_health h ON h.webhook_id = o.webhook_id`;

export async function readOperatorWebhookState(database: Queryable): Promise<OperatorWebhookState> {
  const [row] = await database.query<[OperatorWebhookState]>(READ_STATE);
  return row;
}

/**
 * Whether the operator was told that the backlog is old. No other replica checks until the transaction ends. Null:
 * another replica is checking, or there is no operator's webhook.
 */
export async function holdBacklogState(manager: EntityManager): Promise<{ isOld: boolean } | null> {
  const [row] = await manager.query<{ isOld: boolean }[]>(
    `SELECT is_backlog_old AS "isOld" FROM operator_webhook WHERE is_on FOR UPDATE SKIP LOCKED`,
  );
  return row ?? null;
}

export async function setBacklogState(manager: EntityManager, isOld: boolean): Promise<void> {
  await manager.query('UPDATE operator_webhook SET is_backlog_old = $1', [isOld]);
}
