import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../common/api-property.js';
import { CANCEL_REASONS, type CancelReason } from '../../common/outcomes.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../delivery.types.js';
import type { AttemptRow, DeliveryRow } from '../queue/delivery-reads.js';
import { AttemptDto } from './attempt.dto.js';
import { DeliveryEventTypeProperty } from './delivery-event-type.js';

@ApiSchema({ name: 'Delivery' })
export class DeliveryDto {
  @ApiUuid()
  id: string;

  @ApiUuid()
  event_id: string;

  @ApiUuid()
  webhook_id: string;

  @ApiUuid()
  environment_id: string;

  @DeliveryEventTypeProperty()
  event_type: string;

  @ApiProperty({
    enum: DELIVERY_STATUSES,
    enumName: 'DeliveryStatus',
    description: '`pending`: an attempt is due, now or later, or running. `failed`: the retry schedule is spent.',
    example: 'succeeded',
  })
  status: DeliveryStatus;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Attempts made so far.', example: 1 })
  attempt_count: number;

  @ApiTimestamp({ nullable: true, description: 'When the next attempt is due; null once finished.', example: null })
  next_attempt_at: string | null;

  @ApiProperty({
    enum: CANCEL_REASONS,
    enumName: 'CancelReason',
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
