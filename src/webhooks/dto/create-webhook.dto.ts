import { ApiHideProperty, ApiSchema } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import type { EventType } from '../event-types.js';
import { EventTypesInput, IsActiveInput, MayBeAbsent, TargetUrlInput } from './webhook-properties.js';

@ApiSchema({ name: 'CreateWebhook' })
export class CreateWebhookDto {
  @TargetUrlInput()
  target_url: string;

  @IsActiveInput({ default: true })
  is_active?: boolean;

  @EventTypesInput({
    description: 'The event types to subscribe to. When absent: all types, those that are added later too.',
  })
  @MayBeAbsent()
  event_types?: EventType[];

  /** Published clients send it; it is no part of the documented body and may only name the acting environment. */
  @ApiHideProperty()
  @MayBeAbsent()
  @IsUUID('loose', { message: 'must be a UUID' })
  environment_id?: string;
}
