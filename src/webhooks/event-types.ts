import {
  batchJob,
  changedRecord,
  deletedRecord,
  type ExamplePayload,
  failedAccount,
  failedCronTrigger,
  fetchedRecords,
  integratedAccount,
  syncJobRun,
} from './event-examples.js';

export interface EventTypeDefinition<Type extends string = string> {
  readonly type: Type;
  readonly description: string;
  /** `POST /webhook/test` sends it and `GET /event-type` shows it. */
  readonly example: ExamplePayload;
}

/**
 * Every event type, in the order in which `GET /event-type` and the OpenAPI document list them. A new type is one more line
 * here (CONTRIBUTING.md says what follows it); webhooks that are subscribed to all types receive it.
 */
// One type, one line.
// prettier-ignore
export const EVENT_TYPES = [
  define('sync_job_run:created', 'A sync job run was created and waits to start.', syncJobRun('created')),
  define('sync_job_run:updated', 'A sync job run changed, its progress for example.', syncJobRun('running', { records_fetched: 1200 })),
  define('sync_job_run:started', 'A sync job run started.', syncJobRun('running', { records_fetched: 0 })),
  define('sync_job_run:completed', 'A sync job run finished without an error.', syncJobRun('completed', { records_fetched: 5310 })),
  define('sync_job_run:failed', 'A sync job run ended with an error.', syncJobRun('failed', { error: { message: 'Too many requests' } })),
  define('sync_job_run:record', 'A sync job run fetched records of one resource.', fetchedRecords()),
  define('integrated_account:created', 'An end customer connected an account.', integratedAccount('connecting')),
  define('integrated_account:updated', 'An account was changed.', integratedAccount('active', { context: { subdomain: 'acme-eu' } })),
  define('integrated_account:active', 'An account finished connecting and is ready for use.', integratedAccount('active')),
  define('integrated_account:reactivated', 'An account that needed new credentials works again.', integratedAccount('active', { reactivated_at: '2021-08-10T10:05:00.000Z' })),
  define('integrated_account:authentication_error', 'The credentials of an account are no longer accepted.', failedAccount('needs_reauth', 'Refresh token expired')),
  define('integrated_account:post_install_error', 'A step that follows the connecting of an account failed.', failedAccount('post_install_error', 'Webhook permission is missing')),
  define('integrated_account:validation_error', 'A newly connected account did not pass its checks.', failedAccount('validation_error', 'Unknown subdomain')),
  define('integrated_account:post_connect_form_submitted', 'The form that follows the connecting of an account was submitted.', integratedAccount('active', { context: { subdomain: 'acme', folder_ids: ['inbox', 'billing'] } })),
  define('record:created', 'A record was created in the connected product.', changedRecord('Ada Lovelace')),
  define('record:updated', 'A record was changed in the connected product.', changedRecord('Ada King')),
  define('record:deleted', 'A record was deleted in the connected product.', deletedRecord()),
  define('sync_job_cron_trigger:failed', 'A schedule could not start its sync job.', failedCronTrigger('The integrated account is not active')),
  define('batch_job:dry_run_completed', 'The dry run of a batch job finished.', batchJob('dry_run_completed', { would_change: 248 })),
  define('batch_job:completed', 'A batch job finished.', batchJob('completed', { changed: 246, rejected: 2 })),
  define('batch_job:dry_run_failed', 'The dry run of a batch job ended with an error.', batchJob('dry_run_failed', { error: { message: 'The search timed out' } })),
  define('batch_job:failed', 'A batch job ended with an error.', batchJob('failed', { error: { message: 'The integrated account is not active' } })),
] as const;

export type EventType = (typeof EVENT_TYPES)[number]['type'];

export const EVENT_TYPE_NAMES: readonly EventType[] = EVENT_TYPES.map(({ type }) => type);

const BY_NAME: ReadonlyMap<string, EventTypeDefinition<EventType>> = new Map(
  EVENT_TYPES.map((definition) => [definition.type, definition]),
);

export const NO_EVENT_TYPE = 'must be one of the event types that GET /event-type lists';

export function isEventType(name: unknown): name is EventType {
  return typeof name === 'string' && BY_NAME.has(name);
}

export function examplePayloadOf(type: EventType): ExamplePayload {
  return BY_NAME.get(type)!.example;
}

/** What `POST /webhook/test` sends by default. Nobody can subscribe to it or publish it. */
export const TEST_EVENT_TYPE = 'test';
export const TEST_EVENT_PAYLOAD: ExamplePayload = { foo: 'bar' };

function define<const Type extends string>(
  type: Type,
  description: string,
  example: ExamplePayload,
): EventTypeDefinition<Type> {
  return { type, description, example };
}
