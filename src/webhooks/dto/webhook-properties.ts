import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ArrayNotEmpty, IsArray, IsBoolean, IsIn, IsString, ValidateIf } from 'class-validator';
import { TARGET_URL_MAX_LENGTH } from '../../egress/target-url-policy.js';
import { EVENT_TYPE_NAMES } from '../event-types.js';

/*
 * What the documented resource says of its members, once. Requests and answers differ in what is optional, which the
 * options of each decorator add.
 */

export const UUID = { type: 'string', format: 'uuid' } as const;
export const TIME = { type: 'string', format: 'date-time', example: '2021-08-10T10:00:00.000Z' } as const;

/** The one enum of event types in the document; spread it into the property that holds one type. */
export const EVENT_TYPE = {
  enum: [...EVENT_TYPE_NAMES],
  enumName: 'EventType',
  enumSchema: { description: 'What happened. `GET /event-type` describes each type.' },
};

export const TARGET_URL = {
  type: 'string',
  description: 'Where the payload is sent.',
  example: 'https://example.com/webhook',
} as const;

export const IS_ACTIVE = {
  type: 'boolean',
  description: 'Inactive webhooks will not receive any data.',
  example: true,
} as const;

export const EVENT_TYPES = {
  ...EVENT_TYPE,
  isArray: true,
  description: 'The event types that the webhook is subscribed to.',
  example: ['integrated_account:created', 'integrated_account:updated'],
};

/** A target URL in a request. That it is a string is checked here, the rest by the egress policy. */
export function TargetUrlInput(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...TARGET_URL, maxLength: TARGET_URL_MAX_LENGTH, ...options } as ApiPropertyOptions),
    IsString({ message: 'must be a string' }),
  );
}

export function IsActiveInput(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...IS_ACTIVE, required: false, ...options } as ApiPropertyOptions),
    MayBeAbsent(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

export function EventTypesInput(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...EVENT_TYPES, required: false, minItems: 1, ...options } as ApiPropertyOptions),
    IsArray({ message: 'must be an array' }),
    ArrayNotEmpty({ message: 'must name at least one event type' }),
    IsIn(EVENT_TYPE_NAMES, { each: true, message: 'must be one of the types that GET /event-type lists' }),
  );
}

/** Absent is fine, null is not: `IsOptional` would let both pass. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_: object, value: unknown) => value !== undefined);
}
