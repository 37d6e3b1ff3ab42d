import type { OpenAPIObject } from '@nestjs/swagger';
import { exampleRefOf } from './api-errors.js';
import { ERROR_RESPONSE_REF } from './dto/error-response.dto.js';
import { errorBodyOf } from '../http/error-body.js';
import { ApiError, type ErrorDetails, ERRORS, type ErrorCode } from '../http/errors.js';
import { CHOSEN_ID, REQUEST_ID_HEADER } from '../http/request-id.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

const CODES = Object.keys(ERRORS) as ErrorCode[];

const WITH_PARAMETERS: ErrorCode[] = ['VALIDATION_FAILED'];
const WITH_BODY: ErrorCode[] = ['VALIDATION_FAILED', 'MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

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

/** Headers of an error by its status. Each sender of these errors sends them. */
const HEADERS_OF: Record<string, Record<string, keyof typeof HEADERS>> = {
  '401': { 'WWW-Authenticate': 'Authenticate' },
  '429': { 'Retry-After': 'RetryAfter' },
  default: { 'Retry-After': 'RetryAfterIfBusy' },
};

/**
 * Documents the headers of every response. Completes the errors of an operation with shared ones, and with the meaning
 * of each code.
 */
export function documentErrors(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  // The library cannot say this of a class.
  Object.assign(components.schemas!['ErrorDetails']!, { additionalProperties: true });
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

function documentOperation(operation: Operation): ErrorCode[] {
  const { responses } = operation;
  const codes = new Set<ErrorCode>([
    ...(operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query')
      ? WITH_PARAMETERS
      : []),
    ...(operation.requestBody ? WITH_BODY : []),
    ...Object.values(responses).flatMap(codesOf),
  ]);
  for (const [status, group] of byStatus(codes)) responses[status] = errorResponse(describe(group), group);
  responses['default'] ??= errorResponse('Any other error; `code` tells which.', ['INTERNAL_ERROR']);
  for (const [status, response] of Object.entries(responses)) {
    nameHeaders(response, { [REQUEST_ID_HEADER]: 'RequestId', ...HEADERS_OF[status] });
  }
  return [...codes, 'INTERNAL_ERROR'];
}

function codesOf(response: Responses[string]): ErrorCode[] {
  if (!response || '$ref' in response) return [];
  const { schema, examples } = response.content?.['application/json'] ?? {};
  if (!schema || !('$ref' in schema) || schema.$ref !== ERROR_RESPONSE_REF) return [];
  return Object.keys(examples ?? {}) as ErrorCode[];
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
  const examples = Object.fromEntries(codes.map((code) => [code, exampleRefOf(code)]));
  const schema = { $ref: ERROR_RESPONSE_REF };
  return { description, content: { 'application/json': { schema, examples } } };
}

const TYPE_RULE = 'must be one of the event types that GET /event-type lists';
const SCHEME_RULE = 'must begin with https:// and a host';

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
