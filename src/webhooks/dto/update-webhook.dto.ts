import { ApiSchema } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { MayBeAbsent } from '../../common/property-rules.js';
import type { EventType } from '../event-types.js';
import { EventTypesProperty, IsActiveProperty, TargetUrlProperty } from './webhook-properties.js';

/** What is absent stays as it is. */
@ApiSchema({ name: 'UpdateWebhook' })
export class UpdateWebhookDto {
  @TargetUrlProperty({ required: false })
  @MayBeAbsent()
  target_url?: string;

  @IsActiveProperty()
  is_active?: boolean;

  @EventTypesProperty({
    nullable: true,
    description: 'The event types to subscribe to instead. Null: all types, those that are added later too.',
  })
  @IsOptional()
  event_types?: EventType[] | null;
}
