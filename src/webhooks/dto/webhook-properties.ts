import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsString } from 'class-validator';
import { namedEnum } from '../../openapi/named-enum.js';
import { EachItem, IsFilledArray, MayBeAbsent } from '../../openapi/property-rules.js';
import { TARGET_URL_MAX_LENGTH } from '../../egress/target-url-policy.js';
import { EVENT_TYPE_NAMES, isEventType, NO_EVENT_TYPE } from '../event-types.js';

/*
 * What the documented resource says of its members, once. Requests and answers differ in what is optional, which the
 * options of each decorator add.
 */

/** The one enum of event types in the document; spread it into the property that holds one type. */
export const EVENT_TYPE = namedEnum(
  'EventType',
  EVENT_TYPE_NAMES,
  'What happened. `GET /event-type` describes each type.',
);

export const TARGET_URL = {
  type: 'string',
  description: 'The URL that the payload is sent to.',
  example: 'https://example.com/webhook',
} as const;

export const IS_ACTIVE = {
  type: 'boolean',
  description: 'Whether the webhook is active or not. Inactive webhooks will not receive any data.',
  example: true,
} as const;

export const EVENT_TYPES = { ...EVENT_TYPE, isArray: true };

/**
 * Of the rules for a target URL those that hold for every installation, as a pattern: no space, control character, backslash
 * or fragment, and no name or password before the host. That of the documented body of `POST /webhook` has none.
 */
export const TARGET_URL_PATTERN =
  '^[Hh][Tt][Tt][Pp][Ss]?://[^\\x00-\\x20\\x7f-\\xa0/?#@\\\\]+([/?][^\\x00-\\x20\\x7f-\\xa0#\\\\]*)?$';

interface InputOptions {
  pattern?: string;
  description?: string;
  required?: boolean;
  nullable?: boolean;
}

/** A target URL in a request. That it is a string is checked here, the rest by the egress policy. */
export function TargetUrlProperty(options: InputOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...TARGET_URL, maxLength: TARGET_URL_MAX_LENGTH, ...options }),
    IsString({ message: 'must be a string' }),
  );
}

export function IsActiveProperty(options: InputOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...IS_ACTIVE, required: false, ...options }),
    MayBeAbsent(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

export function EventTypesProperty(options: InputOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...EVENT_TYPES, required: false, minItems: 1, ...options }),
    IsFilledArray('event type'),
    EachItem(isEventType, NO_EVENT_TYPE),
  );
}
