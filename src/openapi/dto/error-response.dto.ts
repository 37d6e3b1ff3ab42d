import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { ErrorBody } from '../../http/error-body.js';
import { ERRORS, type ErrorCode } from '../../http/errors.js';
import { growingEnum } from '../named-enum.js';

const CODES = Object.keys(ERRORS);

@ApiSchema({ name: 'FieldFailure' })
class FieldFailureDto {
  @ApiProperty({ type: 'string', description: 'The path of the field.', example: 'event_types.0' })
  field: string;

  @ApiProperty({
    type: 'string',
    description: 'What it must be, for people.',
    example: 'must be one of the event types that GET /event-type lists',
  })
  message: string;
}

@ApiSchema({ name: 'ErrorDetails', description: 'More about an error, for some codes.' })
class ErrorDetailsDto {
  @ApiProperty({
    type: FieldFailureDto,
    isArray: true,
    required: false,
    description: 'The fields that do not have the documented form.',
  })
  failures?: FieldFailureDto[];

  @ApiProperty({
    type: 'string',
    required: false,
    description: 'With `TARGET_URL_NOT_ALLOWED`: the rule that was broken.',
    example: 'https',
  })
  rule?: string;

  @ApiProperty({
    type: 'string',
    format: 'uuid',
    required: false,
    description: 'With `TEST_DELIVERY_FAILED`: the delivery of the test.',
    example: '0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04',
  })
  delivery_id?: string;

  @ApiProperty({
    type: 'string',
    format: 'uuid',
    required: false,
    description: 'With `ENVIRONMENT_NAME_TAKEN`: the environment that has the name.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id?: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    required: false,
    description: 'With `TEST_DELIVERY_FAILED`: the status of the answer; null: there was none.',
    example: 500,
  })
  status?: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    required: false,
    description: 'With `TEST_DELIVERY_FAILED`: how many milliseconds the attempt took.',
    example: 42,
  })
  duration_ms?: number;

  @ApiProperty({
    // Of deliveries, which stand above this folder.
    anyOf: [{ $ref: '#/components/schemas/AttemptError' }, { type: 'null' }],
    required: false,
    description: 'With `TEST_DELIVERY_FAILED`: why there is no answer; null: there is one.',
    example: null,
  })
  error?: string | null;
}

/** Not `Error` or `ApiError`: in generated clients that would hide the language's own, or the generator's. */
@ApiSchema({
  name: 'ErrorResponse',
  description: 'Every error. Programs may act on `code`, which is stable; `message` is for people.',
})
export class ErrorResponseDto implements ErrorBody {
  @ApiProperty({ type: 'integer', description: 'The status of the answer.', example: 400 })
  statusCode: number;

  @ApiProperty({ type: 'string', description: 'The status in words.', example: 'Bad Request' })
  error: string;

  @ApiProperty({
    ...growingEnum('ErrorCode', CODES, 'What went wrong. A code never changes its meaning.'),
    description: 'What went wrong, for programs.',
    example: 'VALIDATION_FAILED',
  })
  code: ErrorCode;

  @ApiProperty({
    type: 'string',
    description: 'What went wrong, for people.',
    example: 'event_types.0: must be one of the event types that GET /event-type lists',
  })
  message: string;

  @ApiProperty({
    type: ErrorDetailsDto,
    required: false,
    description: 'More about the error; absent where there is nothing more.',
  })
  details?: ErrorDetailsDto & Record<string, unknown>;
}

export const ERROR_RESPONSE_REF = '#/components/schemas/ErrorResponse';
