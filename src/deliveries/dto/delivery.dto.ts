import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { CANCEL_REASONS, type CancelReason } from '../../common/outcomes.js';
import { DELIVERY_HOLDS, DELIVERY_STATUSES, type DeliveryHold, type DeliveryStatus } from '../delivery.types.js';
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
  @ApiUuid({ description: 'The id of the delivery.', example: '0198a3f2-6a41-7c0b-8f3d-2e9a7b5c1d04' })
  id: string;

  @ApiUuid({ description: 'The event that is delivered.', example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
  event_id: string;

  @ApiUuid({ description: 'The webhook that it is owed to.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  webhook_id: string;

  @ApiUuid({
    description: 'The environment that the event and the webhook belong to.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string;

  @DeliveryEventTypeProperty()
  event_type: string;

  @ApiProperty({ ...DELIVERY_STATUS, description: 'What has become of it so far.', example: 'succeeded' })
  status: DeliveryStatus;

  @ApiProperty({ type: 'integer', minimum: 0, description: 'Attempts made so far.', example: 1 })
  attempt_count: number;

  @ApiTimestamp({
    nullable: true,
    description:
      'When the next attempt is due. Null once the delivery is finished, while an attempt is under way, and while it waits ' +
      'for something that ends at no known time: `held_by` says for what.',
    example: null,
  })
  next_attempt_at: string | null;

  @ApiProperty({
    ...growingEnum(
      'CancelReason',
      CANCEL_REASONS,
      'Why a delivery was canceled. `stopped`: its event was deleted or, of a test, the webhook was changed meanwhile.',
    ),
    nullable: true,
    description: 'Why it was canceled; null in any other status.',
    example: null,
  })
  cancel_reason: CancelReason | null;

  @ApiTimestamp({ description: 'When the delivery was made.' })
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'When it was finished; null while it is pending.' })
  completed_at: string | null;

  @ApiProperty({
    ...growingEnum(
      'DeliveryHold',
      DELIVERY_HOLDS,
      'What a delivery that is due waits for. `paused`: its endpoint answered 429 and asked for a pause. `down`: its ' +
        'endpoint is down, and one delivery at a time finds out whether it is up again. `recovering`: its endpoint is up ' +
        'again and gets its deliveries little by little. `capacity`: its turn, or room for another attempt. What to do: ' +
        '`GET /webhook/{id}/health`.',
    ),
    nullable: true,
    description: 'What it waits for; null while it is not due, under way or finished.',
    example: null,
  })
  held_by: DeliveryHold | null;

  @ApiTimestamp({ nullable: true, description: 'Until when it is held, where that is known.', example: null })
  held_until: string | null;

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
      held_by: row.held_by,
      held_until: row.held_until?.toISOString() ?? null,
    };
  }
}

/**
 * For the bodies in all attempts of one delivery: they are equal, and writing them takes the event loop. One is always
 * shown.
 */
const BODIES_MAX_BYTES = 262_144;

@ApiSchema({ name: 'DeliveryDetail' })
export class DeliveryDetailDto extends DeliveryDto {
  @ApiProperty({ type: [AttemptDto], description: 'Every attempt, first to last.' })
  attempts: AttemptDto[];

  /** @param body what each signed attempt sent; null when it is gone. */
  static withAttempts(row: DeliveryRow, attempts: readonly AttemptRow[], body: string | null): DeliveryDetailDto {
    const bodiesMax = body === null ? 0 : Math.max(1, Math.floor(BODIES_MAX_BYTES / Buffer.byteLength(body)));
    const firstWithBody = attempts.filter(isSigned).at(-bodiesMax)?.number ?? 0;
    return {
      ...DeliveryDto.of(row),
      attempts: attempts.map((attempt) =>
        AttemptDto.of(attempt, isSigned(attempt) && attempt.number >= firstWithBody ? body : null),
      ),
    };
  }
}

/** An attempt that was refused before it was signed sent nothing. */
function isSigned({ request_headers }: AttemptRow): boolean {
  return 'webhook-id' in request_headers;
}
