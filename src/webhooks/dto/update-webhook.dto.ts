import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsBoolean, IsOptional, ValidateBy, type ValidationArguments } from 'class-validator';
import { MayBeAbsent } from '../../openapi/property-rules.js';
import type { EventType } from '../event-types.js';
import { EventTypesProperty, IsActiveProperty, TARGET_URL_PATTERN, TargetUrlProperty } from './webhook-properties.js';

@ApiSchema({ name: 'UpdateWebhook' })
export class UpdateWebhookDto {
  @TargetUrlProperty({ required: false, pattern: TARGET_URL_PATTERN })
  @MayBeAbsent()
  target_url?: string;

  @IsActiveProperty()
  is_active?: boolean;

  @EventTypesProperty({
    nullable: true,
    description: 'The event types to be subscribed to instead. Null: all types, those that are added later too.',
  })
  @IsOptional()
  event_types?: EventType[] | null;

  @ApiPropertyOptional({
    type: 'boolean',
    description:
      'True: subscribes to all types, as null in `event_types` does, for clients that cannot send null. Not beside `event_types`.',
  })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  @ValidateBy({
    name: 'isAlone',
    validator: {
      validate: (value: unknown, args?: ValidationArguments) =>
        value !== true || !(args!.object as UpdateWebhookDto).event_types,
      defaultMessage: () => 'must not be true beside event_types',
    },
  })
  all_event_types?: boolean;
}
