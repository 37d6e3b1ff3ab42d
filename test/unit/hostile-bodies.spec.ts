import 'reflect-metadata';
import { CreateApiTokenDto } from '../../src/administration/dto/api-token.dto.js';
import { errorBodyOf } from '../../src/http/error-body.js';
import type { ApiError, ErrorCode, FieldFailure } from '../../src/http/errors.js';
import { RequestValidationPipe } from '../../src/http/request-validation.pipe.js';
import { PublishEventBatchDto, PublishEventDto } from '../../src/events/dto/publish-event.dto.js';
import { CreateWebhookDto } from '../../src/webhooks/dto/create-webhook.dto.js';
import { parsedBody } from '../support/parsed-body.js';

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024;
/** Of the processor, so that a busy machine does not count. What these bodies were found by took 2.8 s to 8 minutes. */
const MAX_MS = 1_000;

const EVENT = '{"event_type":"record:created","payload":{"a":1}}';
const list = (count: number, item: string): string => `[${Array<string>(count).fill(item).join()}]`;
const members = (count: number, nameOf: (index: number) => string = (index) => `k${index}`): string =>
  `{${Array.from({ length: count }, (_, index) => `"${nameOf(index)}":1`).join()}}`;
/** As much of it as the longest body holds. */
const filled = (before: string, part: string, after: string): string =>
  before + part.repeat(Math.floor((MAX_BODY_BYTES - before.length - after.length) / part.length)) + after;
const longName = (index: number): string => `${'x'.repeat(16_400)}${index}`;

interface HostileBody {
  dto: new () => object;
  text: () => string;
  code: ErrorCode;
  /** The first field that the answer names. */
  field: string | RegExp | null;
}

const webhook = (text: () => string, field: HostileBody['field'], code: ErrorCode = 'VALIDATION_FAILED') =>
  ({ dto: CreateWebhookDto, text, code, field }) satisfies HostileBody;
const event = (text: () => string, field: HostileBody['field'], code: ErrorCode = 'VALIDATION_FAILED') =>
  ({ dto: PublishEventDto, text, code, field }) satisfies HostileBody;
const batch = (text: () => string, field: HostileBody['field'], code: ErrorCode = 'VALIDATION_FAILED') =>
  ({ dto: PublishEventBatchDto, text, code, field }) satisfies HostileBody;

const HOSTILE: Record<string, HostileBody> = {
  'a name of 16,500 characters with 3,000 NULs': webhook(
    () => `{"${'n'.repeat(16_500)}":${list(3_000, '"\\u0000"')}}`,
    /^n{199}…$/,
  ),
  'a name of 16,000 characters with 900 NULs': webhook(
    () => `{"${'n'.repeat(16_000)}":${list(900, '"\\u0000"')}}`,
    /^n{199}…$/,
  ),
  'a name of 4 MB with 100 NULs': event(() => `{"${'n'.repeat(4e6)}":${list(100, '"\\u0000"')}}`, /^n{199}…$/),
  '1,000,000 zeros for event types': webhook(() => `{"event_types":${list(1e6, '0')}}`, 'event_types'),
  '1,000 zeros for event types': webhook(() => `{"target_url":"x","event_types":${list(1_000, '0')}}`, 'event_types.0'),
  '8 MiB of {} for event types': webhook(() => filled('{"event_types":[', '{},', '0]}'), 'event_types'),
  '1,000,000 zeros for scopes': {
    dto: CreateApiTokenDto,
    text: () => `{"scopes":${list(1e6, '0')}}`,
    code: 'VALIDATION_FAILED',
    field: 'scopes',
  },
  'a batch of 1,000,000 zeros': batch(() => `{"events":${list(1e6, '0')}}`, 'events'),
  'a batch of 1,000 zeros': batch(() => `{"events":${list(1_000, '0')}}`, 'events.0'),
  'a batch of 1,000 wrong events': batch(
    () => `{"events":${list(1_000, '{"event_type":0,"payload":0}')}}`,
    /^events\.0\./,
  ),
  'a batch whose last event of 1,000 is wrong': batch(
    () => `{"events":[${`${EVENT},`.repeat(999)}{"event_type":"record:created"}]}`,
    'events.999.payload',
  ),
  'a batch of 100 events with 90 unknown fields': batch(() => `{"events":${list(100, members(90))}}`, 'events.0.k0'),
  '100 unknown fields with names of controls': event(
    () => members(100, (index) => `${index}${'\\u0001'.repeat(2_000)}`),
    /^0\u0001{198}…$/,
  ),
  '100 unknown fields with names in three bytes': event(
    () => members(100, (index) => `${index}${'中'.repeat(5_000)}`),
    /^0中+…$/,
  ),
  '100,000 unknown fields': webhook(() => members(1e5), ''),
  '600,000 unknown fields': event(() => members(6e5), ''),
  '500 long names of one length': event(() => members(500, longName), /^x{199}…$/),
  'events each with long names of one length': batch(
    () => `{"events":${list(30, members(15, longName))}}`,
    /^events\.0\.x+…$/,
  ),
  '8 MiB that are nested': event(() => '['.repeat(MAX_BODY_BYTES), null, 'MALFORMED_JSON'),
  '4 MiB that are nested in a payload': event(() => `{"payload":${'{"a":'.repeat(8e5)}`, 'payload'),
  'a payload of 8 MiB of {}': event(() => filled('{"payload":[', '{},', '0]}'), 'payload', 'PAYLOAD_TOO_LARGE'),
  'a payload of 8 MiB of digits': event(() => filled('{"payload":', '1', '}'), 'payload', 'PAYLOAD_TOO_LARGE'),
  '8 MiB of digits': webhook(() => filled('{"is_active":', '1', '}'), 'is_active'),
  '8 MiB of backslashes': event(() => filled('{"event_type":"', '\\\\', '"}'), 'event_type'),
  '8 MiB of backslashes without an end': event(() => filled('{"event_type":"', '\\\\', ''), null, 'MALFORMED_JSON'),
  '8 MiB of escaped quotes': event(() => filled('{"event_type":"', '\\"', '"}'), 'event_type'),
  '8 MiB of text': webhook(() => filled('{"target_url":"', 'x', '"}'), 'target_url'),
  '8 MiB of NULs': webhook(() => filled('{"target_url":"', '\\u0000', '"}'), 'target_url'),
  '8 MiB of commas': event(() => filled('{"event_type":[', ',', ']}'), null, 'MALFORMED_JSON'),
  '8 MiB of colons': event(() => filled('{"event_type"', ':', '}'), null, 'MALFORMED_JSON'),
  '8 MiB of white space': event(() => filled('', ' ', ''), null, 'MALFORMED_JSON'),
  '8 MiB of white space around a body': event(() => filled('', ' ', '{}'), 'event_type'),
};

const RIGHT: Record<string, { dto: new () => object; text: () => string }> = {
  '32 payloads of 87,000 objects each': {
    dto: PublishEventBatchDto,
    text: () => `{"events":${list(31, `{"event_type":"record:created","payload":{"a":${list(87_000, '{}')}}}`)}}`,
  },
  '30 payloads of 24,000 names each, no name twice': {
    dto: PublishEventBatchDto,
    text: () => {
      const payloads = Array.from({ length: 30 }, (_, at) => members(20_000, (index) => `${at}_${index}`));
      return `{"events":[${payloads.map((payload) => `{"event_type":"record:created","payload":${payload}}`).join()}]}`;
    },
  },
  '30 payloads of 15 long names of one length': {
    dto: PublishEventBatchDto,
    text: () => {
      const payloads = Array.from({ length: 30 }, (_, at) =>
        members(15, (index) => longName(at * 100 + index + 1_000)),
      );
      return `{"events":[${payloads.map((payload) => `{"event_type":"record:created","payload":${payload}}`).join()}]}`;
    },
  },
};

const pipe = new RequestValidationPipe();

/** What a request with this body comes to, and the time that the processor spent on it. */
async function outcomeOf({
  dto,
  text,
}: Pick<HostileBody, 'dto' | 'text'>): Promise<{ error: ApiError | null; ms: number }> {
  const body = Buffer.from(text());
  expect(body.length).toBeLessThanOrEqual(MAX_BODY_BYTES);
  const before = process.cpuUsage();
  let error: ApiError | null = null;
  try {
    pipe.transform(await parsedBody(body), { type: 'body', metatype: dto });
  } catch (thrown) {
    error = thrown as ApiError;
  }
  const { user, system } = process.cpuUsage(before);
  return { error, ms: (user + system) / 1_000 };
}

describe('a hostile body', () => {
  it.each(Object.entries(HOSTILE))('of %s is refused at once and in few words', async (_, body) => {
    const { error, ms } = await outcomeOf(body);
    expect(error).toHaveProperty('code', body.code);
    const failures = (error!.details as { failures: FieldFailure[] } | undefined)?.failures ?? [];
    if (body.field === null) expect(failures).toEqual([]);
    else if (typeof body.field === 'string') expect(failures[0]!.field).toBe(body.field);
    else expect(failures[0]!.field).toMatch(body.field);
    expect(failures.length).toBeLessThanOrEqual(100);
    expect(Math.max(0, ...failures.map(({ field }) => field.length))).toBeLessThanOrEqual(200);
    expect(Buffer.byteLength(JSON.stringify(errorBodyOf(error!)))).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
    expect(ms).toBeLessThan(MAX_MS);
  });

  it.each(Object.entries(RIGHT))('of %s is taken without being built', async (_, body) => {
    const { error, ms } = await outcomeOf(body);
    expect(error).toBeNull();
    expect(ms).toBeLessThan(MAX_MS);
  });
});
