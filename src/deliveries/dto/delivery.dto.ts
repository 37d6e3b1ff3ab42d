import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../common/api-property.js';
import { namedEnum } from '../../common/named-enum.js';
import { CANCEL_REASONS, type CancelReason } from '../../common/outcomes.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../delivery.types.js';
import type { AttemptRow, DeliveryRow } from '../queue/delivery-reads.js';
import { AttemptDto } from './attempt.dto.js';
import { DeliveryEventTypeProperty } from './delivery-event-type.js';

export const DELIVERY_STATUS = namedEnum(
  'DeliveryStatus',
  DELIVERY_STATUSES,
  '`pending`: an attempt is due, now or later, or running. `failed`: the retry schedule is spent. `canceled`: the webhook ' +
    'was deleted or made inactive, or the delivery was stopped.',
);

@ApiSchema({ name: 'Delivery' })
export class DeliveryDto {
  @ApiUuid({ example: '0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04' })
  id: string;

  @ApiUuid({ example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
  event_id: string;

  @ApiUuid({ example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  webhook_id: string;

  @ApiUuid({ example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  environment_id: string;

  @DeliveryEventTypeProperty()
  event_type: string;

  @ApiProperty({ ...DELIVERY_STATUS, example: 'succeeded' })
  status: DeliveryStatus;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Attempts made so far.', example: 1 })
  attempt_count: number;

  @ApiTimestamp({ nullable: true, description: 'When the next attempt is due; null once finished.', example: null })
  next_attempt_at: string | null;

  @ApiProperty({
    ...namedEnum(
      'CancelReason',
      CANCEL_REASONS,
      'Why a delivery was canceled. `stopped`: its event was deleted or, of a test, the webhook was changed meanwhile.',
    ),
    nullable: true,
    description: 'Why it was canceled; null in any other status.',
    example: null,
  })
  cancel_reason: CancelReason | null;

  @ApiTimestamp()
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'When it was finished; null while it is pending.' })
  completed_at: string | null;

  static of(row: DeliveryRow): DeliveryDto {
    return {
      id: row.id,
      event_id: row.event_id,
      webhook_id: row.webhook_id,
      environment_id: row.environment_id,
      event_type: row.event_type,
      status: row.status,
      attempt_count: row.attempt_count,
      next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
      cancel_reason: row.cancel_reason,
      created_at: row.created_at.toISOString(),
      completed_at: row.completed_at?.toISOString() ?? null,
    };
  }
}

@ApiSchema({ name: 'DeliveryDetail' })
export class DeliveryDetailDto extends DeliveryDto {
  @ApiProperty({ type: [AttemptDto], description: 'Every attempt, first to last.' })
  attempts: AttemptDto[];

  static withAttempts(row: DeliveryRow, attempts: readonly AttemptRow[]): DeliveryDetailDto {
    return { ...DeliveryDto.of(row), attempts: attempts.map((attempt) => AttemptDto.of(attempt)) };
  }
}
