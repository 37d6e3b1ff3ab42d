import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiUuid } from '../../openapi/api-property.js';
import { growingEnum } from '../../openapi/named-enum.js';
import { DELIVERY_STATUS } from '../../deliveries/dto/delivery.dto.js';
import type { EventDeliveryRow } from '../../deliveries/queue/deliveries-of-event.js';
import { NOT_SENT_REASONS, type NotSentReason } from '../why-not-sent.js';

@ApiSchema({ name: 'EventWebhook' })
export class EventWebhookDto {
  @ApiUuid({ description: 'The webhook.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  webhook_id: string;

  @ApiUuid({
    nullable: true,
    description: 'Its delivery of the event; null when it has none, or none yet.',
    example: null,
  })
  delivery_id: string | null;

  @ApiProperty({
    ...DELIVERY_STATUS,
    nullable: true,
    description:
      'Of that delivery, as it is now; null when there is none. `pending` without a delivery: the event is owed to very ' +
      'many webhooks, and the delivery to this one is made in a moment.',
    example: null,
  })
  status: EventDeliveryRow['status'] | null;

  @ApiProperty({
    ...growingEnum(
      'NotSentReason',
      NOT_SENT_REASONS,
      'What the webhook was when the event was accepted. `not_subscribed`: to this type. `not_yet_created`: it was made ' +
        'later.',
    ),
    nullable: true,
    description:
      'Why there is no delivery. Null when there is a delivery, and when there was one that is no longer kept.',
    example: 'not_subscribed',
  })
  reason: NotSentReason | null;

  static of(delivery: EventDeliveryRow): EventWebhookDto {
    return { webhook_id: delivery.webhook_id, delivery_id: delivery.id, status: delivery.status, reason: null };
  }

  /** Its delivery is not made yet. */
  static owed(webhookId: string): EventWebhookDto {
    return { webhook_id: webhookId, delivery_id: null, status: 'pending', reason: null };
  }

  static without(webhookId: string, reason: NotSentReason | null): EventWebhookDto {
    return { webhook_id: webhookId, delivery_id: null, status: null, reason };
  }
}
