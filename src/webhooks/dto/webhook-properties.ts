import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsString } from 'class-validator';
import { namedEnum } from '../../openapi/named-enum.js';
import { EachItem, IsFilledArray, MayBeAbsent } from '../../openapi/property-rules.js';
import { TARGET_URL_MAX_LENGTH } from '../../egress/target-url-policy.js';
import { EVENT_TYPE_NAMES, isEventType, NO_EVENT_TYPE } from '../event-types.js';

/** Documents the members of a webhook once. Requests and answers differ in what is optional: the options say that. */

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
 * The rules for a target URL that hold for every installation: no space, control character, backslash or fragment, and
 * no name or password before the host. The documented body of `POST /webhook` has no pattern.
 */
export const TARGET_URL_PATTERN =
  '^[Hh][Tt][Tt][Pp][Ss]?://[^\\x00-\\x20\\x7f-\\xa0/?#@\\\\]+([/?][^\\x00-\\x20\\x7f-\\xa0#\\\\]*)?$';

interface InputOptions {
  pattern?: string;
  description?: string;
  required?: boolean;
  nullable?: boolean;
}

/** A target URL in a request. Only its type is checked here; the egress policy checks the rest. */
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
