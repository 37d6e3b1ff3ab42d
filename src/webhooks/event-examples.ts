export type ExamplePayload = Readonly<Record<string, unknown>>;

const ENVIRONMENT_ID = '05daecaf-4365-42e8-8370-8127de5dd717';
const ENVIRONMENT_INTEGRATION_ID = 'c0a1f5de-2f0b-4a53-9d0e-6f1f6c2f7a11';
const INTEGRATED_ACCOUNT_ID = '9b0e6a52-53f1-4b86-a0c8-5d8f4f6f2c70';
const SYNC_JOB_ID = '3d5c6f0a-7a0e-4a44-8a5e-2b9f0d6c1e88';
const SYNC_JOB_RUN_ID = 'e4b7c9d2-0f6b-4a5e-9f61-7c2f3b8a1d05';

/** A connected account of an end customer, without credentials. */
export function integratedAccount(status: string, changes: ExamplePayload = {}): ExamplePayload {
  return {
    id: INTEGRATED_ACCOUNT_ID,
    tenant_id: 'acme-inc',
    environment_id: ENVIRONMENT_ID,
    environment_integration_id: ENVIRONMENT_INTEGRATION_ID,
    status,
    is_sandbox: false,
    authentication_method: 'oauth2',
    context: { subdomain: 'acme' },
    integration: { id: '6e2d8a3b-91c4-4d0f-b7de-1c5a9f0e4b32', name: 'zendesk', category: 'helpdesk' },
    created_at: '2021-08-10T10:00:00.000Z',
    updated_at: '2021-08-10T10:05:00.000Z',
    ...changes,
  };
}

export function failedAccount(status: string, message: string): ExamplePayload {
  return integratedAccount(status, { last_error: { message, occurred_at: '2021-08-10T10:05:00.000Z' } });
}

export function syncJobRun(status: string, changes: ExamplePayload = {}): ExamplePayload {
  return {
    id: SYNC_JOB_RUN_ID,
    sync_job_id: SYNC_JOB_ID,
    environment_id: ENVIRONMENT_ID,
    integrated_account_id: INTEGRATED_ACCOUNT_ID,
    status,
    args: { modified_since: '2021-08-09T00:00:00.000Z' },
    created_at: '2021-08-10T10:00:00.000Z',
    updated_at: '2021-08-10T10:00:00.000Z',
    ...changes,
  };
}

export function fetchedRecords(): ExamplePayload {
  return {
    sync_job_run_id: SYNC_JOB_RUN_ID,
    integrated_account_id: INTEGRATED_ACCOUNT_ID,
    resource: 'ticketing/tickets',
    records: [
      { id: '35436', name: 'Printer on fire', status: 'open', updated_at: '2021-08-10T09:58:12.000Z' },
      { id: '35437', name: 'Password reset', status: 'closed', updated_at: '2021-08-10T09:59:40.000Z' },
    ],
    meta: { page: 1, is_last_page: false },
  };
}

export function changedRecord(name: string): ExamplePayload {
  return {
    ...recordSource(),
    record: { id: '1042', name, email: 'ada@example.com', updated_at: '2021-08-10T10:00:00.000Z' },
  };
}

export function deletedRecord(): ExamplePayload {
  return { ...recordSource(), record: { id: '1042' } };
}

export function failedCronTrigger(message: string): ExamplePayload {
  return {
    id: 'b81f7f1c-6f8b-4c0a-9a0d-41f3d2c7e960',
    sync_job_id: SYNC_JOB_ID,
    environment_id: ENVIRONMENT_ID,
    integrated_account_id: INTEGRATED_ACCOUNT_ID,
    cron_expression: '0 */6 * * *',
    error: { message },
    triggered_at: '2021-08-10T12:00:00.000Z',
  };
}

export function batchJob(status: string, changes: ExamplePayload): ExamplePayload {
  return {
    id: '7f3a2b6d-5c1e-4e9a-8d47-0a9c6b1f2e34',
    environment_id: ENVIRONMENT_ID,
    name: 'Archive closed tickets',
    status,
    total: 250,
    ...changes,
    created_at: '2021-08-10T10:00:00.000Z',
    updated_at: '2021-08-10T10:04:30.000Z',
  };
}

function recordSource(): ExamplePayload {
  return {
    integrated_account_id: INTEGRATED_ACCOUNT_ID,
    environment_integration_id: ENVIRONMENT_INTEGRATION_ID,
    resource: 'crm/contacts',
  };
}
