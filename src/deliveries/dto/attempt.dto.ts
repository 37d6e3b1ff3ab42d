import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp } from '../../common/api-property.js';
import { ATTEMPT_ERRORS } from '../../common/outcomes.js';
import type { AttemptRow } from '../queue/delivery-reads.js';

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

/** One HTTP request made for a delivery. */
@ApiSchema({ name: 'Attempt' })
export class AttemptDto {
  @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
  number: number;

  @ApiTimestamp()
  started_at: string;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Milliseconds.', example: 42 })
  duration_ms: number;

  @ApiProperty({ enum: ['succeeded', 'failed'], enumName: 'AttemptOutcome', example: 'succeeded' })
  outcome: 'succeeded' | 'failed';

  @ApiProperty({
    enum: ATTEMPT_ERRORS,
    enumName: 'AttemptError',
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
