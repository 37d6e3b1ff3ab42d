import { ApiSchema } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import type { EventType } from '../event-types.js';
import { EventTypesInput, IsActiveInput, MayBeAbsent, TargetUrlInput } from './webhook-properties.js';

/** What is absent stays as it is. */
@ApiSchema({ name: 'UpdateWebhook' })
export class UpdateWebhookDto {
  @TargetUrlInput({ required: false })
  @MayBeAbsent()
  target_url?: string;

  @IsActiveInput()
  is_active?: boolean;

  @EventTypesInput({
    nullable: true,
    description: 'The event types to subscribe to instead. Null: all types, those that are added later too.',
  })
  @IsOptional()
  event_types?: EventType[] | null;
}
