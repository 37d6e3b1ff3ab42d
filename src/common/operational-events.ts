export interface OperationalEventDefinition<Type extends string = string> {
  readonly type: Type;
  readonly description: string;
  /** OpenAPI schemas of the payload's members, which are all always there. */
  readonly members: Readonly<Record<string, object>>;
}

const uuid = (description: string, example: string): object => ({
  type: 'string',
  format: 'uuid',
  description,
  example,
});
const time = (description: string): object => ({
  type: 'string',
  format: 'date-time',
  description,
  example: '2021-08-10T10:00:00.000Z',
});
const count = (description: string, example: number): object => ({
  type: 'integer',
  format: 'int64',
  minimum: 0,
  description,
  example,
});

const WEBHOOK_ID = uuid('The webhook that it is about.', '4a4de828-f4db-4c9e-adfd-434e0864c3c7');
const ENVIRONMENT_ID = uuid(
  'The environment of what it is about, not of this event.',
  'c27c5f0b-5a1c-4f0e-8b1f-0d9c2f6a7e31',
);

/**
 * Nobody can publish these or subscribe to one of them. Their members carry no payload, header, answer or target URL,
 * whose path may be a credential.
 */
export const OPERATIONAL_EVENTS = [
  define(
    'webhook.disabled',
    'Tidings made a webhook inactive: its endpoint answered 410, or nothing but failures for days.',
    {
      webhook_id: WEBHOOK_ID,
      environment_id: ENVIRONMENT_ID,
      target_host: { type: 'string', description: 'Host and port of the target.', example: 'example.com' },
      reason: {
        allOf: [{ $ref: '#/components/schemas/DisabledReason' }],
        description: '`gone` or `failing`.',
        example: 'gone',
      },
      disabled_at: time('When.'),
    },
  ),
  define(
    'delivery.failed',
    'A delivery ended as failed: its retry schedule is spent, or five workers were lost with it. Not one of `POST /webhook/test`.',
    {
      delivery_id: uuid('The delivery that failed.', '0198a3f2-6b01-7a44-8f0e-2c9d1e5b7a60'),
      event_id: uuid('The event that it was of.', '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61'),
      webhook_id: WEBHOOK_ID,
      environment_id: ENVIRONMENT_ID,
      event_type: {
        allOf: [{ $ref: '#/components/schemas/DeliveryEventType' }],
        description: 'The type of that event.',
        example: 'integrated_account:created',
      },
      attempt_count: count('Attempts that were made.', 8),
      error: {
        anyOf: [{ $ref: '#/components/schemas/AttemptError' }, { type: 'null' }],
        description: 'Why the last attempt has no response; null where it has one.',
        example: null,
      },
      response_status: {
        type: ['integer', 'null'],
        description: 'The status that the last attempt was answered with; null where there is none.',
        example: 500,
      },
      created_at: time('When the delivery was made.'),
      failed_at: time('When it ended.'),
    },
  ),
  define(
    'backlog.old',
    'The oldest delivery that only lacks room has been due for OPERATOR_BACKLOG_AGE. Told once, and again after it has been ' +
      'younger than half of that.',
    {
      oldest_due_seconds: count('How long it has been due.', 312),
      limit_seconds: { type: 'number', minimum: 0, description: 'OPERATOR_BACKLOG_AGE.', example: 300 },
      deliveries: {
        type: 'object',
        description: 'Pending deliveries of the whole installation.',
        required: ['due', 'held', 'later', 'leased', 'owed'],
        properties: {
          due: count('They only lack room.', 18240),
          held: count('They wait for an endpoint that is down or paused.', 2200),
          later: count('They wait for their next attempt.', 310),
          leased: count('A replica has them.', 500),
          owed: count('They are to be queued yet, of events that owe very many.', 0),
        },
      },
      seen_at: time('When the queue was read.'),
    },
  ),
] as const;

export type OperationalEventType = (typeof OPERATIONAL_EVENTS)[number]['type'];

export const OPERATIONAL_EVENT_TYPES: readonly OperationalEventType[] = OPERATIONAL_EVENTS.map(({ type }) => type);

function define<const Type extends string>(
  type: Type,
  description: string,
  members: Readonly<Record<string, object>>,
): OperationalEventDefinition<Type> {
  return { type, description, members };
}
