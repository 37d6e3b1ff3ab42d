import { ApiHideProperty, ApiSchema } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { MayBeAbsent, NullIsAbsent } from '../../openapi/property-rules.js';
import type { EventType } from '../event-types.js';
import { EventTypesProperty, IS_ACTIVE, IsActiveProperty, TargetUrlProperty } from './webhook-properties.js';

@ApiSchema({ name: 'CreateWebhook' })
export class CreateWebhookDto {
  @TargetUrlProperty()
  @NullIsAbsent()
  target_url: string;

  @IsActiveProperty({ description: `${IS_ACTIVE.description} When absent: true.` })
  @NullIsAbsent()
  is_active?: boolean;

  @EventTypesProperty({
    description:
      'The event types that the webhook is subscribed to. When absent: all of them, those that are added later too.',
  })
  @MayBeAbsent()
  @NullIsAbsent()
  event_types?: EventType[];

  /** Published clients send it. It is not documented, and may only name the acting environment. */
  @ApiHideProperty()
  @MayBeAbsent()
  @NullIsAbsent()
  @IsUUID('loose', { message: 'must be a UUID' })
  environment_id?: string;
}
