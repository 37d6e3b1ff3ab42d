import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsBoolean, ValidateBy } from 'class-validator';
import { ApiCount } from '../../openapi/api-property.js';
import { Converted } from '../../http/dto-shape.js';
import { namedEnum } from '../../openapi/named-enum.js';
import { RECOVERABLE_STATUSES, type RecoverableStatus } from '../recoverable-status.js';
import { EachItem, IsFilledArray, MayBeAbsent, NullIsAbsent } from '../../openapi/property-rules.js';
import { instantOf } from '../../openapi/query-property.js';
import { EventTypesProperty } from '../../webhooks/dto/webhook-properties.js';
import type { EventType } from '../../webhooks/event-types.js';

const DEFAULT_STATUSES: RecoverableStatus[] = ['missed', 'failed', 'canceled'];

@ApiSchema({ name: 'Recover' })
export class RecoverDto {
  @InstantProperty({
    description: 'The beginning of the range, included. Events and deliveries are in it by when the event arrived.',
    example: '2021-08-10T10:00:00.000Z',
  })
  since: string;

  @InstantProperty({
    required: false,
    description: 'The end of the range, not included; now at the latest, which is the default.',
    example: '2021-08-10T12:00:00.000Z',
  })
  @MayBeAbsent()
  until?: string;

  @EventTypesProperty({
    nullable: true,
    description: 'Only these types. When absent or null: those that the webhook is subscribed to now.',
  })
  @MayBeAbsent()
  @NullIsAbsent()
  event_types?: EventType[];

  @ApiPropertyOptional({
    ...namedEnum(
      'RecoverableStatus',
      RECOVERABLE_STATUSES,
      '`missed`: an event of which there is no delivery to the webhook, because it was inactive, not subscribed or ' +
        'not yet created. The others: a delivery that ended so before the recovery began.',
    ),
    description: `What to bring back. When absent or null: ${DEFAULT_STATUSES.join(', ')}.`,
    nullable: true,
    isArray: true,
    minItems: 1,
  })
  @Converted((value) => value ?? DEFAULT_STATUSES)
  @IsFilledArray('status')
  @EachItem(
    (status) => RECOVERABLE_STATUSES.some((known) => known === status),
    `must be one of ${RECOVERABLE_STATUSES.join(', ')}`,
  )
  statuses: RecoverableStatus[] = DEFAULT_STATUSES;

  @ApiPropertyOptional({ type: 'boolean', description: 'Only count what would be queued. When absent: false.' })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  dry_run: boolean = false;
}

@ApiSchema({ name: 'RecoveryCount' })
export class RecoveryCountDto {
  @ApiCount({ description: 'Deliveries that would be queued.', example: 1204 })
  queued: number;
}

function InstantProperty(options: { description: string; example: string; required?: boolean }): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ ...options, type: 'string', format: 'date-time' }),
    ValidateBy({
      name: 'isInstant',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && instantOf(value) !== null,
        defaultMessage: () => 'must be a date and time with an offset, such as 2021-08-10T10:00:00.000Z',
      },
    }),
  );
}
