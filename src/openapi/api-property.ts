import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type OpenAPIObject } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { VerbatimJson } from '../http/verbatim-json.js';

interface PropertyOptions {
  description: string;
  example?: unknown;
  nullable?: boolean;
}

export function ApiUuid(options: PropertyOptions): PropertyDecorator {
  return ApiProperty({ ...options, type: 'string', format: 'uuid' });
}

/** UTC with milliseconds, as `Date.toISOString` writes it. */
export function ApiTimestamp(options: PropertyOptions): PropertyDecorator {
  return ApiProperty({ example: '2021-08-10T10:00:00.000Z', ...options, type: 'string', format: 'date-time' });
}

/** 64 bits: a month's deliveries can exceed 2³¹, where undocumented integers end in clients of many languages. */
export function ApiCount(options: PropertyOptions): PropertyDecorator {
  return ApiProperty({ ...options, type: 'integer', format: 'int64', minimum: 0 });
}

class EventPayload {}

export const EVENT_PAYLOAD_REF = { $ref: '#/components/schemas/EventPayload' };

/** The library cannot document that the object is open. */
export function documentPayload(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  components.schemas = {
    ...components.schemas,
    EventPayload: { type: 'object', additionalProperties: true, description: 'Any JSON object.' },
  };
}

/**
 * In a request. The body parser has kept its text as a `VerbatimJson`, and has refused one over MAX_EVENT_BYTES or
 * nested deeper than 64 levels.
 */
export function ApiPayload(options: Omit<PropertyOptions, 'nullable'>): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...options, type: EventPayload }),
    ValidateBy({
      name: 'isVerbatimObject',
      validator: {
        validate: (value: unknown) => value instanceof VerbatimJson && value.kind === 'object',
        defaultMessage: () => 'must be a JSON object',
      },
    }),
  );
}
