import fc from 'fast-check';
import 'reflect-metadata';
import { RequestValidationPipe } from '../../src/http/request-validation.pipe.js';
import { VerbatimJson } from '../../src/http/verbatim-json.js';
import { PublishEventBatchDto, PublishEventDto } from '../../src/events/dto/publish-event.dto.js';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { parsedAtOnce } from '../support/parsed-body.js';

/** The same rules, without the short way. */
class SlowEvent extends PublishEventDto {
  static override tryFastParse(): null {
    return null;
  }
}
class SlowBatch extends PublishEventBatchDto {
  static override tryFastParse(): null {
    return null;
  }
}

const pipe = new RequestValidationPipe();
const read = (dto: typeof PublishEventDto | typeof PublishEventBatchDto, text: string): unknown =>
  pipe.transform(parsedAtOnce(text), { type: 'body', metatype: dto });

/** What a request comes to: its events, or its failures. */
function outcomeOf(dto: typeof PublishEventDto | typeof PublishEventBatchDto, text: string): unknown {
  try {
    return JSON.parse(JSON.stringify(read(dto, text)));
  } catch (error) {
    return { refused: (error as { details?: unknown }).details ?? String(error) };
  }
}

const json = fc.json({ maxDepth: 2 });
const eventType = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...EVENT_TYPE_NAMES).map((name) => JSON.stringify(name)) },
  json,
);
const payload = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('{}', '{"a":1}', '{"__proto__":1,"a":1e400}') }, json);
const extra = fc.constantFrom(
  '',
  '',
  '',
  ',"idempotency_key":"k"',
  ',"idempotency_key":null',
  ',"idempotency_key":""',
  ',"x":1',
  ',"__proto__":{}',
  ',"constructor":1',
  ',"idempotency_key":"\\u0000"',
  ',"idempotency_key":"é"',
);
const event = fc
  .tuple(fc.constantFrom('event_type', 'event_type', 'event_type', 'type'), eventType, payload, extra)
  .map(([name, type, text, more]) => `{"${name}":${type},"payload":${text}${more}}`);
const member = fc.oneof({ weight: 6, arbitrary: event }, json);
const batch = fc
  .tuple(fc.array(member, { maxLength: 4 }), fc.constantFrom('', '', '', ',"x":1', ',"__proto__":[]'))
  .map(([members, more]) => `{"events":[${members.join()}]${more}}`);

it('a single event comes to the same with and without the short way', () => {
  fc.assert(
    fc.property(event, (text) => expect(outcomeOf(PublishEventDto, text)).toEqual(outcomeOf(SlowEvent, text))),
    { numRuns: 2_000 },
  );
});

it('a batch comes to the same with and without the short way', () => {
  fc.assert(
    fc.property(batch, (text) => expect(outcomeOf(PublishEventBatchDto, text)).toEqual(outcomeOf(SlowBatch, text))),
    { numRuns: 2_000 },
  );
});

it('what is plainly right takes the short way', () => {
  const body = parsedAtOnce('{"event_type":"record:created","payload":{"a":1}}');
  const found = PublishEventDto.tryFastParse(body as object);
  expect(found).toBeInstanceOf(PublishEventDto);
  expect(found).toEqual({ event_type: 'record:created', payload: VerbatimJson.of('{"a":1}') });
  const events = { events: [body, { ...(body as object), idempotency_key: 'k' }] };
  expect(PublishEventBatchDto.tryFastParse(events)?.events).toHaveLength(2);
});
