import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp } from '../../openapi/api-property.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { ATTEMPT_ERRORS } from '../../common/outcomes.js';
import type { AttemptRow } from '../queue/delivery-reads.js';

export const ATTEMPT_ERROR = growingEnum(
  'AttemptError',
  ATTEMPT_ERRORS,
  'What kept an attempt from having a response. docs/errors.md says of each what to do.',
);

export const ATTEMPT_ERROR_FILTER = namedEnum(
  'AttemptErrorFilter',
  ATTEMPT_ERRORS,
  'What kept an attempt from having a response.',
);

function ApiMilliseconds(description: string): PropertyDecorator {
  return ApiProperty({ type: 'integer', minimum: 0, nullable: true, description, example: 12 });
}

const HEADERS = { type: 'object', additionalProperties: { type: 'string' } } as const;

@ApiSchema({ name: 'AttemptRequest' })
export class AttemptRequestDto {
  @ApiProperty({ type: 'string', description: 'Where it was sent.', example: 'https://example.com/webhook' })
  url: string;

  @ApiProperty({
    ...HEADERS,
    description: 'As sent, signatures included.',
    example: { 'webhook-timestamp': '1628589600' },
  })
  headers: Record<string, string>;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description:
      'The very bytes that were signed and sent, as UTF-8, put together again from the event. Null: nothing was signed, or ' +
      'the payload was deleted or is past its retention. It is the same in every attempt of a delivery; where that would ' +
      'be over 256 KiB in all, only the newest attempts have it.',
    example:
      '{"id":"0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61","event":"record:created","payload":{"record":"42"},' +
      '"environment_id":"05daecaf-4365-42e8-8370-8127de5dd717","created_at":"2021-08-10T10:00:00.000Z",' +
      '"webhook_id":"4a4de828-f4db-4c9e-adfd-434e0864c3c7"}',
  })
  body: string | null;
}

@ApiSchema({ name: 'AttemptResponse' })
export class AttemptResponseDto {
  @ApiProperty({ type: 'integer', description: 'The HTTP status.', example: 200 })
  status: number;

  @ApiProperty({
    ...HEADERS,
    description: '`content-type` and `retry-after`.',
    example: { 'content-type': 'text/plain' },
  })
  headers: Record<string, string>;

  @ApiProperty({ type: 'string', description: 'The first 4 KiB, as UTF-8.', example: 'ok' })
  body: string;

  @ApiProperty({ type: 'boolean', description: 'Whether there was more.', example: false })
  body_truncated: boolean;
}

@ApiSchema({ name: 'AttemptTimings' })
export class AttemptTimingsDto {
  @ApiMilliseconds('The look-up of the host name; null also where the target is an address or a proxy is used.')
  dns_ms: number | null;

  @ApiMilliseconds('Opening the connection, to the egress proxy where one is used.')
  connect_ms: number | null;

  @ApiMilliseconds('The TLS handshake; null also where the target is http.')
  tls_ms: number | null;

  @ApiMilliseconds('From the first byte sent to the first byte of the answer.')
  first_byte_ms: number | null;

  @ApiMilliseconds(
    'What was lost on a connection that was open already and that the receiver closed before it answered. The request ' +
      'was then sent once more, on a new connection, within the same attempt. Null: this did not happen.',
  )
  stale_connection_ms: number | null;
}

@ApiSchema({ name: 'Attempt' })
export class AttemptDto {
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'Which attempt of the delivery it is, counted from 1.',
    example: 1,
  })
  number: number;

  @ApiTimestamp({ description: 'When it started.' })
  started_at: string;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Milliseconds, of the whole.', example: 42 })
  duration_ms: number;

  @ApiProperty({
    type: AttemptTimingsDto,
    description:
      'Where they went. Null: the phase did not happen, as opening a connection that was open already, or did not end.',
  })
  timings: AttemptTimingsDto;

  @ApiProperty({
    ...namedEnum(
      'AttemptOutcome',
      ['succeeded', 'failed'],
      '`succeeded`: answered 2xx in time. `failed`: anything else.',
    ),
    description: 'What came of it.',
    example: 'succeeded',
  })
  outcome: 'succeeded' | 'failed';

  @ApiProperty({
    ...ATTEMPT_ERROR,
    nullable: true,
    description: 'Why there is no response; null where there is one.',
    example: null,
  })
  error: string | null;

  @ApiProperty({ type: AttemptRequestDto, description: 'What was sent.' })
  request: AttemptRequestDto;

  @ApiProperty({
    type: AttemptResponseDto,
    nullable: true,
    description: 'What was answered; null when nothing arrived in time.',
  })
  response: AttemptResponseDto | null;

  static of(row: AttemptRow, body: string | null): AttemptDto {
    return {
      number: row.number,
      started_at: row.started_at.toISOString(),
      duration_ms: row.duration_ms,
      timings: {
        dns_ms: row.dns_ms,
        connect_ms: row.connect_ms,
        tls_ms: row.tls_ms,
        first_byte_ms: row.first_byte_ms,
        stale_connection_ms: row.stale_connection_ms,
      },
      outcome: row.outcome,
      error: row.error,
      request: { url: row.request_url, headers: row.request_headers, body },
      response:
        row.response_status === null
          ? null
          : {
              status: row.response_status,
              headers: row.response_headers ?? {},
              body: row.response_body ?? '',
              body_truncated: row.response_body_truncated ?? false,
            },
    };
  }
}
