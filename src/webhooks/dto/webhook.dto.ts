import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import type { Webhook } from '../webhook.entity.js';
import { EVENT_TYPE_NAMES, type EventType } from '../event-types.js';
import { EVENT_TYPES, IS_ACTIVE, TARGET_URL } from './webhook-properties.js';

@ApiSchema({ name: 'Webhook' })
export class WebhookDto {
  @ApiUuid({ description: 'The id of the webhook.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  id: string;

  @ApiProperty(TARGET_URL)
  target_url: string;

  @ApiProperty(IS_ACTIVE)
  is_active: boolean;

  @ApiUuid({
    description: 'The environment that the webhook belongs to.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string;

  @ApiProperty({
    ...EVENT_TYPES,
    description:
      'The event types that the webhook is subscribed to: all of them, if none were specified. It receives no others.',
    example: ['integrated_account:created', 'integrated_account:updated'],
  })
  event_types: EventType[];

  @ApiTimestamp({ description: 'When the webhook was created.' })
  created_at: string;

  @ApiTimestamp({ description: 'When the webhook was last changed.' })
  updated_at: string;
}

export function toWebhookDto(webhook: Webhook): WebhookDto {
  return {
    id: webhook.id,
    target_url: webhook.targetUrl,
    is_active: webhook.isActive,
    environment_id: webhook.environmentId,
    event_types: webhook.eventTypes ?? [...EVENT_TYPE_NAMES],
    created_at: webhook.createdAt.toISOString(),
    updated_at: webhook.updatedAt.toISOString(),
  };
}
