import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_MARK } from './api-errors.js';
import { ERRORS, type ErrorCode } from './errors.js';
import { REQUEST_ID_HEADER } from './request-id.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** What an operation can answer because of what it takes, whatever it does. */
const WITH_PARAMETERS: ErrorCode[] = ['VALIDATION_FAILED'];
const WITH_BODY: ErrorCode[] = ['VALIDATION_FAILED', 'MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

const FIELD_FAILURE = {
  type: 'object',
  required: ['field', 'message'],
  properties: {
    field: { type: 'string', description: 'The path of the field.', example: 'event_types.0' },
    message: { type: 'string', example: 'must be one of the event types that GET /event-type lists' },
  },
};

const ERROR_CODE = {
  type: 'string',
  description: 'What went wrong. A code never changes its meaning; new ones may be added.',
  enum: CODES,
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

/** Not named `Error`, which in a generated client would hide the language's own. */
const API_ERROR = {
  type: 'object',
  description: 'Every error. Programs may act on `code`, which is stable; `message` is for people.',
  required: ['statusCode', 'error', 'code', 'message'],
  properties: {
    statusCode: { type: 'integer', example: 400 },
    error: { type: 'string', description: 'The status in words.', example: 'Bad Request' },
    code: { $ref: '#/components/schemas/ErrorCode', example: 'VALIDATION_FAILED' },
    message: { type: 'string', example: 'event_types.0: must be one of the event types that GET /event-type lists' },
    details: { $ref: '#/components/schemas/ErrorDetails' },
  },
};

const HEADERS = {
  RequestId: {
    description:
      'The id of the request in the logs: the one that it carried in this header, if it was usable, or a new one.',
    required: true,
    schema: { type: 'string' },
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

/** What an error carries beside its body, by its status. Each sender of these errors sends them. */
const HEADERS_OF: Record<string, Record<string, keyof typeof HEADERS>> = {
  '401': { 'WWW-Authenticate': 'Authenticate' },
  '429': { 'Retry-After': 'RetryAfter' },
  default: { 'Retry-After': 'RetryAfterIfBusy' },
};

/** Gives every operation the errors that it can answer, in the one form, and every response the headers that it carries. */
export function documentErrors(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  components.schemas = {
    ...components.schemas,
    ApiError: API_ERROR,
    ErrorCode: ERROR_CODE,
    ErrorDetails: ERROR_DETAILS,
    FieldFailure: FIELD_FAILURE,
  } as typeof components.schemas;
  components.headers = { ...components.headers, ...HEADERS } as typeof components.headers;
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation) documentOperation(operation);
    }
  }
}

function documentOperation(operation: Operation): void {
  const marked = takeMarks(operation);
  const codes = new Set<ErrorCode>([
    ...(operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query')
      ? WITH_PARAMETERS
      : []),
    ...(operation.requestBody ? WITH_BODY : []),
    ...marked,
  ]);
  const responses = operation.responses;
  for (const [status, group] of byStatus(codes)) responses[status] ??= errorResponse(describe(group));
  responses['default'] ??= errorResponse('Any other error; `code` tells which.');
  for (const [status, response] of Object.entries(responses)) {
    nameHeaders(response, { [REQUEST_ID_HEADER]: 'RequestId', ...HEADERS_OF[status] });
  }
}

/** The codes that `ApiErrors` has left on the operation; the marks themselves are not for readers. */
function takeMarks(operation: Operation): ErrorCode[] {
  const marks = operation as unknown as Record<string, unknown>;
  const codes = CODES.filter((code) => ERROR_MARK + code in marks);
  for (const code of codes) delete marks[ERROR_MARK + code];
  return codes;
}

/** In the order of the table of errors, so that the document does not depend on the order of decorators. */
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

function errorResponse(description: string): Responses[string] {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/ApiError' } } } };
}

function nameHeaders(response: Responses[string], headers: Record<string, keyof typeof HEADERS>): void {
  if (!response || '$ref' in response) return;
  const named = Object.entries(headers).map(([header, name]) => [header, { $ref: `#/components/headers/${name}` }]);
  response.headers = { ...response.headers, ...Object.fromEntries(named) } as typeof response.headers;
}
