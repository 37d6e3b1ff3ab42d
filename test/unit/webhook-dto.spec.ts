import 'reflect-metadata';
import { ApiError, type FieldFailure } from '../../src/http/errors.js';
import { isIdempotencyKey } from '../../src/idempotency/idempotency-key.js';
import { RequestValidationPipe } from '../../src/http/request-validation.pipe.js';
import { CreateWebhookDto } from '../../src/webhooks/dto/create-webhook.dto.js';
import { UpdateWebhookDto } from '../../src/webhooks/dto/update-webhook.dto.js';
import { toWebhookDto } from '../../src/webhooks/dto/webhook.dto.js';
import { EVENT_TYPE_NAMES, type EventType } from '../../src/webhooks/event-types.js';
import { contentHashOf, newWebhook } from '../../src/webhooks/webhook-creation.js';

const ENVIRONMENT = '05daecaf-4365-42e8-8370-8127de5dd717';
const NOW = new Date('2021-08-10T10:00:00.000Z');
const TARGET = 'https://example.com/webhook';

function failedFields(dto: new () => object, body: unknown): string[] {
  try {
    new RequestValidationPipe().transform(body, { type: 'body', metatype: dto });
    return [];
  } catch (error) {
    const { details } = error as ApiError;
    return (details as { failures: FieldFailure[] }).failures.map(({ field }) => field);
  }
}

describe('The body of a creation', () => {
  it.each([
    [{ target_url: TARGET }],
    [{ target_url: TARGET, is_active: false }],
    [{ target_url: TARGET, event_types: ['record:created', 'record:created'] }],
    [{ target_url: TARGET, environment_id: ENVIRONMENT }],
    [{ target_url: TARGET, is_active: null, event_types: null, environment_id: null }],
  ])('may be %j', (body) => {
    expect(failedFields(CreateWebhookDto, body)).toEqual([]);
  });

  it.each([
    [{}, 'target_url'],
    [undefined, 'target_url'],
    [{ target_url: null }, 'target_url'],
    [{ target_url: [TARGET] }, 'target_url'],
    [{ target_url: TARGET, is_active: 'false' }, 'is_active'],
    [{ target_url: TARGET, is_active: 0 }, 'is_active'],
    [{ target_url: TARGET, event_types: [] }, 'event_types'],
    [{ target_url: TARGET, event_types: 'record:created' }, 'event_types'],
    [{ target_url: TARGET, event_types: { 0: 'record:created' } }, 'event_types'],
    [{ target_url: TARGET, event_types: ['record:created', 'all'] }, 'event_types.1'],
    [{ target_url: TARGET, event_types: [['record:created']] }, 'event_types.0'],
    [{ target_url: TARGET, event_types: ['test'] }, 'event_types.0'],
    [{ target_url: TARGET, environment_id: 'default' }, 'environment_id'],
    [{ target_url: TARGET, secret: 'mine' }, 'secret'],
  ])('may not be %j', (body, field) => {
    expect(failedFields(CreateWebhookDto, body)).toEqual([field]);
  });

  it('is told every mistake at once, each by its place', () => {
    const body = { target_url: 1, is_active: 'yes', event_types: ['a', 'record:created', 'b'] };
    expect(failedFields(CreateWebhookDto, body).sort()).toEqual([
      'event_types.0',
      'event_types.2',
      'is_active',
      'target_url',
    ]);
  });
});

describe('The body of a change', () => {
  it.each([[{}], [{ event_types: null }], [{ is_active: false }], [{ target_url: TARGET }]])('may be %j', (body) => {
    expect(failedFields(UpdateWebhookDto, body)).toEqual([]);
  });

  it.each([
    [{ target_url: null }, 'target_url'],
    [{ is_active: null }, 'is_active'],
    [undefined, ''],
    [{ all_event_types: true, event_types: ['record:created'] }, 'all_event_types'],
    [{ event_types: [] }, 'event_types'],
    [{ event_types: ['record:gone'] }, 'event_types.0'],
    [{ environment_id: ENVIRONMENT }, 'environment_id'],
  ])('may not be %j', (body, field) => {
    expect(failedFields(UpdateWebhookDto, body)).toEqual([field]);
  });
});

describe('A new webhook', () => {
  it('of a client that sends null for no list is that of one that leaves it out', () => {
    const bodies = [{ target_url: TARGET }, { target_url: TARGET, event_types: null }].map(
      (body) =>
        new RequestValidationPipe().transform(body, { type: 'body', metatype: CreateWebhookDto }) as CreateWebhookDto,
    );
    const [left, nulled] = bodies.map((body) => newWebhook(ENVIRONMENT, body, NOW));
    expect(nulled!.eventTypes).toBeNull();
    expect(contentHashOf(nulled!)).toEqual(contentHashOf(left!));
  });

  it('is active and subscribed to every type, later ones too, when nothing else is asked for', () => {
    const webhook = newWebhook(ENVIRONMENT, { target_url: TARGET }, NOW);
    expect(webhook).toMatchObject({ isActive: true, eventTypes: null, revision: 1, disabledAt: null });
    expect(toWebhookDto(webhook)).toEqual({
      id: webhook.id,
      target_url: TARGET,
      is_active: true,
      environment_id: ENVIRONMENT,
      event_types: EVENT_TYPE_NAMES,
      created_at: '2021-08-10T10:00:00.000Z',
      updated_at: '2021-08-10T10:00:00.000Z',
    });
  });

  it('keeps the order of its types and folds repeats', () => {
    const body = { target_url: TARGET, event_types: ['record:updated', 'record:created', 'record:updated'] as const };
    const webhook = newWebhook(ENVIRONMENT, { ...body, event_types: [...body.event_types] }, NOW);
    expect(webhook.eventTypes).toEqual(['record:updated', 'record:created']);
  });

  it('says why it is inactive when it was made so', () => {
    const webhook = newWebhook(ENVIRONMENT, { target_url: TARGET, is_active: false }, NOW);
    expect(webhook).toMatchObject({ isActive: false, disabledAt: NOW, disabledReason: 'manual' });
  });
});

describe('The content that an idempotency key stands for', () => {
  const hashOf = (body: CreateWebhookDto): string => contentHashOf(newWebhook(ENVIRONMENT, body, NOW)).toString('hex');
  const types = (...event_types: EventType[]): CreateWebhookDto => ({ target_url: TARGET, event_types });

  it.each<[string, CreateWebhookDto, CreateWebhookDto]>([
    ['with its environment named', { target_url: TARGET }, { target_url: TARGET, environment_id: ENVIRONMENT }],
    ['with a default spelled out', { target_url: TARGET }, { target_url: TARGET, is_active: true }],
    [
      'with types in another order',
      types('record:updated', 'record:created'),
      types('record:created', 'record:updated'),
    ],
    ['with a type repeated', types('record:created'), types('record:created', 'record:created')],
  ])('is the same for the same request %s', (_, one, other) => {
    expect(hashOf(other)).toBe(hashOf(one));
  });

  it.each<[CreateWebhookDto]>([
    [{ target_url: `${TARGET}/` }],
    [{ target_url: TARGET, is_active: false }],
    [types('record:created')],
    [types(...EVENT_TYPE_NAMES)],
  ])('is other content for %j', (body) => {
    expect(hashOf(body)).not.toBe(hashOf({ target_url: TARGET }));
  });
});

describe('An idempotency key', () => {
  it.each(['a', ' ', '~', 'k'.repeat(255), 'order 17/2'])('may be %j', (key) => {
    expect(isIdempotencyKey(key)).toBe(true);
  });

  it.each(['', 'k'.repeat(256), 'ü', 'a\tb', 'a\u007f', 7, null, ['a']])('may not be %j', (key) => {
    expect(isIdempotencyKey(key)).toBe(false);
  });
});
