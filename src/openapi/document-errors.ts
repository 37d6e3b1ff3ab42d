import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_MARK } from './api-errors.js';
import { errorBodyOf } from '../http/error-body.js';
import { ApiError, type ErrorDetails, ERRORS, type ErrorCode } from '../http/errors.js';
import { CHOSEN_ID, REQUEST_ID_HEADER } from '../http/request-id.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** Errors of any operation with parameters, whatever it does. */
const WITH_PARAMETERS: ErrorCode[] = ['VALIDATION_FAILED'];
const WITH_BODY: ErrorCode[] = ['VALIDATION_FAILED', 'MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

const FIELD_FAILURE = {
  type: 'object',
  required: ['field', 'message'],
  properties: {
    field: { type: 'string', description: 'The path of the field.', example: 'event_types.0' },
    message: {
      type: 'string',
      description: 'What it must be, for people.',
      example: 'must be one of the event types that GET /event-type lists',
    },
  },
};

const ERROR_CODE = {
  type: 'string',
  description: 'What went wrong. A code never changes its meaning; later versions may have more.',
  'x-extensible-enum': CODES,
};

const ERROR_DETAILS = {
  type: 'object',
  description: 'More about an error, for some codes.',
  properties: {
    failures: {
      type: 'array',
      description: 'The fields that do not have the documented form.',
      items: { $ref: '#/components/schemas/FieldFailure' },
    },
    rule: { type: 'string', description: 'With `TARGET_URL_NOT_ALLOWED`: the rule that was broken.', example: 'https' },
    delivery_id: {
      type: 'string',
      format: 'uuid',
      description: 'With `TEST_DELIVERY_FAILED`: the delivery of the test.',
      example: '0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04',
    },
    environment_id: {
      type: 'string',
      format: 'uuid',
      description: 'With `ENVIRONMENT_NAME_TAKEN`: the environment that has the name.',
      example: '05daecaf-4365-42e8-8370-8127de5dd717',
    },
    status: {
      type: ['integer', 'null'],
      description: 'With `TEST_DELIVERY_FAILED`: the status of the answer; null: there was none.',
      example: 500,
    },
    duration_ms: {
      type: 'integer',
      minimum: 0,
      description: 'With `TEST_DELIVERY_FAILED`: how many milliseconds the attempt took.',
      example: 42,
    },
    error: {
      description: 'With `TEST_DELIVERY_FAILED`: why there is no answer; null: there is one.',
      anyOf: [{ $ref: '#/components/schemas/AttemptError' }, { type: 'null' }],
      example: null,
    },
  },
  additionalProperties: true,
};

/** Not named `Error` or `ApiError`: in generated clients that would hide the language's own, or the generator's. */
const ERROR_RESPONSE = {
  type: 'object',
  description: 'Every error. Programs may act on `code`, which is stable; `message` is for people.',
  required: ['statusCode', 'error', 'code', 'message'],
  properties: {
    statusCode: { type: 'integer', description: 'The status of the answer.', example: 400 },
    error: { type: 'string', description: 'The status in words.', example: 'Bad Request' },
    code: {
      allOf: [{ $ref: '#/components/schemas/ErrorCode' }],
      description: 'What went wrong, for programs.',
      example: 'VALIDATION_FAILED',
    },
    message: {
      type: 'string',
      description: 'What went wrong, for people.',
      example: 'event_types.0: must be one of the event types that GET /event-type lists',
    },
    details: {
      allOf: [{ $ref: '#/components/schemas/ErrorDetails' }],
      description: 'More about the error; absent where there is nothing more.',
    },
  },
};

const HEADERS = {
  RequestId: {
    description:
      'The id of the request in the logs: the one that it carried in this header, if it was usable, or a new one.',
    required: true,
    schema: { type: 'string', pattern: CHOSEN_ID.source },
    example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  },
  RetryAfter: {
    description: 'After how many seconds to repeat the request.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
    example: 4,
  },
  RetryAfterIfBusy: {
    description: 'With 503: after how many seconds to repeat the request.',
    schema: { type: 'integer', minimum: 1 },
    example: 1,
  },
  Authenticate: {
    description: 'The scheme that is asked for.',
    required: true,
    schema: { type: 'string', enum: ['Bearer'] },
    example: 'Bearer',
  },
};

/** Headers of an error besides its body, by its status. Each sender of these errors sends them. */
const HEADERS_OF: Record<string, Record<string, keyof typeof HEADERS>> = {
  '401': { 'WWW-Authenticate': 'Authenticate' },
  '429': { 'Retry-After': 'RetryAfter' },
  default: { 'Retry-After': 'RetryAfterIfBusy' },
};

/** Documents for every operation its errors, in one form, and for every response its headers. */
export function documentErrors(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  components.schemas = {
    ...components.schemas,
    ErrorResponse: ERROR_RESPONSE,
    ErrorCode: ERROR_CODE,
    ErrorDetails: ERROR_DETAILS,
    FieldFailure: FIELD_FAILURE,
  } as typeof components.schemas;
  components.headers = { ...components.headers, ...HEADERS } as typeof components.headers;
  const told = new Set<ErrorCode>();
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation) documentOperation(operation).forEach((code) => told.add(code));
    }
  }
  const examples = CODES.filter((code) => told.has(code)).map((code) => [code, exampleOf(code)] as const);
  components.examples = { ...components.examples, ...Object.fromEntries(examples) };
}

/** @returns the codes with examples in it */
function documentOperation(operation: Operation): ErrorCode[] {
  const marked = takeMarks(operation);
  const codes = new Set<ErrorCode>([
    ...(operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query')
      ? WITH_PARAMETERS
      : []),
    ...(operation.requestBody ? WITH_BODY : []),
    ...marked,
  ]);
  const responses = operation.responses;
  for (const [status, group] of byStatus(codes)) responses[status] ??= errorResponse(describe(group), group);
  responses['default'] ??= errorResponse('Any other error; `code` tells which.', ['INTERNAL_ERROR']);
  for (const [status, response] of Object.entries(responses)) {
    nameHeaders(response, { [REQUEST_ID_HEADER]: 'RequestId', ...HEADERS_OF[status] });
  }
  return [...codes, 'INTERNAL_ERROR'];
}

/** Takes the codes of `ApiErrors` from the operation; the marks themselves are not for readers. */
function takeMarks(operation: Operation): ErrorCode[] {
  const marks = operation as unknown as Record<string, unknown>;
  const codes = CODES.filter((code) => ERROR_MARK + code in marks);
  for (const code of codes) delete marks[ERROR_MARK + code];
  return codes;
}

/** In the order of the error table, so that the document does not depend on the order of decorators. */
function byStatus(codes: Set<ErrorCode>): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>();
  for (const code of CODES.filter((known) => codes.has(known))) {
    const { status } = ERRORS[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

function describe(codes: ErrorCode[]): string {
  return codes.map((code) => `\`${code}\`: ${ERRORS[code].description}`).join('\n\n');
}

function errorResponse(description: string, codes: ErrorCode[]): Responses[string] {
  const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
  const schema = { $ref: '#/components/schemas/ErrorResponse' };
  return { description, content: { 'application/json': { schema, examples } } };
}

const TYPE_RULE = 'must be one of the event types that GET /event-type lists';
const SCHEME_RULE = 'must begin with https:// and a host';

/** The message and details of codes that have some. */
const TOLD: Partial<Record<ErrorCode, { message: string; details: ErrorDetails }>> = {
  VALIDATION_FAILED: {
    message: `event_types.0: ${TYPE_RULE}`,
    details: { failures: [{ field: 'event_types.0', message: TYPE_RULE }] },
  },
  TARGET_URL_NOT_ALLOWED: {
    message: `target_url ${SCHEME_RULE} (rule: scheme)`,
    details: { failures: [{ field: 'target_url', message: SCHEME_RULE }], rule: 'scheme' },
  },
  TEST_DELIVERY_FAILED: {
    message: 'The endpoint did not accept the event: 500',
    details: { status: 500, duration_ms: 42, error: null },
  },
  FAN_OUT_TOO_LARGE: {
    message: 'The request owes 12000000 deliveries; PENDING_DELIVERIES_PER_ENVIRONMENT allows 10000000',
    details: { deliveries: 12_000_000, limit: 10_000_000 },
  },
};

function exampleOf(code: ErrorCode): { value: object } {
  const { message, details } = TOLD[code] ?? { message: ERRORS[code].description.replaceAll('`', '') };
  return { value: errorBodyOf(new ApiError(code, message, details && { details })) };
}

function nameHeaders(response: Responses[string], headers: Record<string, keyof typeof HEADERS>): void {
  if (!response || '$ref' in response) return;
  const named = Object.entries(headers).map(([header, name]) => [header, { $ref: `#/components/headers/${name}` }]);
  response.headers = { ...response.headers, ...Object.fromEntries(named) } as typeof response.headers;
}
