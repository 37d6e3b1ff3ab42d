import 'reflect-metadata';
import type { ApiError, FieldFailure } from '../../src/http/errors.js';
import { RequestValidationPipe } from '../../src/http/request-validation.pipe.js';
import { WebhookTestDto } from '../../src/deliveries/dto/webhook-test.dto.js';
import { BatchEventDto, MAX_BATCH, PublishEventBatchDto } from '../../src/events/dto/publish-event.dto.js';
import { parsedAtOnce } from '../support/parsed-body.js';

const EVENT = { event_type: 'record:created', payload: {} };

/** Reads the body as the server does. */
function read(dto: new () => object, body: unknown): object {
  const parsed = parsedAtOnce(JSON.stringify(body));
  return new RequestValidationPipe().transform(parsed, { type: 'body', metatype: dto }) as object;
}

function failures(dto: new () => object, body: unknown): FieldFailure[] {
  try {
    read(dto, body);
    return [];
  } catch (error) {
    return ((error as ApiError).details as { failures: FieldFailure[] }).failures;
  }
}

describe('The events of a batch', () => {
  const REFUSAL = [{ field: 'events', message: 'must be an array of 1 to 1000 events' }];

  it('are required', () => {
    expect(failures(PublishEventBatchDto, {})).toEqual([{ field: 'events', message: 'is required' }]);
  });

  it.each([null, [], {}, { 0: EVENT }, 'record:created', 7])(
    'are refused with one message when they are %j',
    (events) => {
      expect(failures(PublishEventBatchDto, { events })).toEqual(REFUSAL);
    },
  );

  it('are refused with one message when there are too many', () => {
    expect(failures(PublishEventBatchDto, { events: Array(MAX_BATCH + 1).fill(EVENT) })).toEqual([
      { field: 'events', message: 'must have at most 1000 items' },
    ]);
  });

  it.each([[], [[]], [EVENT], [[EVENT]], null, 'record:created', 7, true])('may not hold %j among them', (member) => {
    expect(failures(PublishEventBatchDto, { events: [EVENT, member, EVENT] })).toEqual([
      { field: 'events.1', message: 'must be an object' },
    ]);
  });

  it('are told what is wrong with each of them, by its place', () => {
    const events = [[], { event_type: 'record:gone', payload: {} }, null, { event_type: 'record:created' }];
    expect(failures(PublishEventBatchDto, { events }).map(({ field }) => field)).toEqual([
      'events.0',
      'events.1.event_type',
      'events.2',
      'events.3.payload',
    ]);
  });

  it('are read as such, up to 1,000', () => {
    const { events } = read(PublishEventBatchDto, { events: Array(MAX_BATCH).fill(EVENT) }) as PublishEventBatchDto;
    expect(events).toHaveLength(MAX_BATCH);
    expect(events[MAX_BATCH - 1]).toBeInstanceOf(BatchEventDto);
    expect(events[MAX_BATCH - 1]!.payload.text).toBe('{}');
  });
});

describe('The idempotency key of a batch member', () => {
  const keyed = (idempotency_key: unknown) => ({ events: [EVENT, { ...EVENT, idempotency_key }] });

  it.each([undefined, 'a', 'k'.repeat(255), ' '])('may be %j', (key) => {
    expect(failures(PublishEventBatchDto, keyed(key))).toEqual([]);
  });

  it.each([null, '', 'k'.repeat(256), 'ü', 7, ['a'], {}])('may not be %j, which is told once', (key) => {
    expect(failures(PublishEventBatchDto, keyed(key))).toEqual([
      { field: 'events.1.idempotency_key', message: 'must be 1 to 255 printable ASCII characters' },
    ]);
  });
});

describe('The event type of a test', () => {
  const test = (event_type: unknown) => ({ id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7', event_type });

  it.each([undefined, 'test', 'record:created'])('may be %j', (type) => {
    expect(failures(WebhookTestDto, test(type))).toEqual([]);
  });

  it.each([null, '', 'record:gone', ['test']])('may not be %j', (type) => {
    expect(failures(WebhookTestDto, test(type)).map(({ field }) => field)).toEqual(['event_type']);
  });
});
