import {
  EVENT_TYPE_NAMES,
  EVENT_TYPES,
  examplePayloadOf,
  isEventType,
  TEST_EVENT_PAYLOAD,
  TEST_EVENT_TYPE,
} from '../../src/webhooks/event-types.js';

/** Written by hand from the contract. */
const DOCUMENTED = [
  'sync_job_run:created',
  'sync_job_run:updated',
  'sync_job_run:started',
  'sync_job_run:completed',
  'sync_job_run:failed',
  'sync_job_run:record',
  'integrated_account:created',
  'integrated_account:updated',
  'integrated_account:active',
  'integrated_account:reactivated',
  'integrated_account:authentication_error',
  'integrated_account:post_install_error',
  'integrated_account:validation_error',
  'integrated_account:post_connect_form_submitted',
  'record:created',
  'record:updated',
  'record:deleted',
  'sync_job_cron_trigger:failed',
  'batch_job:dry_run_completed',
  'batch_job:completed',
  'batch_job:dry_run_failed',
  'batch_job:failed',
];

describe('The event types', () => {
  it('are the documented ones in the documented order', () => {
    expect(EVENT_TYPE_NAMES).toEqual(DOCUMENTED);
  });

  it.each(EVENT_TYPES)(
    '$type says what happened, with an example that is a JSON object',
    ({ description, example }) => {
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(Object.keys(example).length).toBeGreaterThan(0);
      expect(JSON.parse(JSON.stringify(example))).toEqual(example);
    },
  );

  it('have each a description and an example of their own', () => {
    expect(new Set(EVENT_TYPES.map(({ description }) => description)).size).toBe(DOCUMENTED.length);
    expect(new Set(EVENT_TYPES.map(({ example }) => JSON.stringify(example))).size).toBe(DOCUMENTED.length);
  });

  it('give their example by name', () => {
    expect(examplePayloadOf('record:deleted')).toBe(EVENT_TYPES.find(({ type }) => type === 'record:deleted')!.example);
  });

  it.each(['record:gone', 'Record:created', '', 'toString', 7, null, undefined])('do not include %j', (name) => {
    expect(isEventType(name)).toBe(false);
  });

  it('do not include the type of test events', () => {
    expect(isEventType(TEST_EVENT_TYPE)).toBe(false);
    expect(TEST_EVENT_PAYLOAD).toEqual({ foo: 'bar' });
  });
});
