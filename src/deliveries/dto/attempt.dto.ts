import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp } from '../../common/api-property.js';
import { namedEnum } from '../../common/named-enum.js';
import { ATTEMPT_ERRORS } from '../../common/outcomes.js';
import type { AttemptRow } from '../queue/delivery-reads.js';

function ApiMilliseconds(description: string): PropertyDecorator {
  return ApiProperty({ type: 'integer', minimum: 0, nullable: true, description, example: 12 });
}

const HEADERS = { type: 'object', additionalProperties: { type: 'string' } } as const;

@ApiSchema({ name: 'AttemptRequest' })
export class AttemptRequestDto {
  @ApiProperty({ type: 'string', example: 'https://example.com/webhook' })
  url: string;

  @ApiProperty({
    ...HEADERS,
    description: 'As sent, signatures included.',
    example: { 'webhook-timestamp': '1628589600' },
  })
  headers: Record<string, string>;
}

@ApiSchema({ name: 'AttemptResponse' })
export class AttemptResponseDto {
  @ApiProperty({ type: 'integer', example: 200 })
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

/** Where the time of an attempt went. */
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
}

/** One HTTP request made for a delivery. */
@ApiSchema({ name: 'Attempt' })
export class AttemptDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  number: number;

  @ApiTimestamp()
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
    example: 'succeeded',
  })
  outcome: 'succeeded' | 'failed';

  @ApiProperty({
    ...namedEnum('AttemptError', ATTEMPT_ERRORS, 'What kept an attempt from having a response.'),
    nullable: true,
    description: 'Why there is no response; null where there is one.',
    example: null,
  })
  error: string | null;

  @ApiProperty({ type: AttemptRequestDto })
  request: AttemptRequestDto;

  @ApiProperty({ type: AttemptResponseDto, nullable: true, description: 'Null when none arrived in time.' })
  response: AttemptResponseDto | null;

  static of(row: AttemptRow): AttemptDto {
    return {
      number: row.number,
      started_at: row.started_at.toISOString(),
      duration_ms: row.duration_ms,
      timings: {
        dns_ms: row.dns_ms,
        connect_ms: row.connect_ms,
        tls_ms: row.tls_ms,
        first_byte_ms: row.first_byte_ms,
      },
      outcome: row.outcome,
      error: row.error,
      request: { url: row.request_url, headers: row.request_headers },
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
