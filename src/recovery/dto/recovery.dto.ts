import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiCount, ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { namedEnum } from '../../openapi/named-enum.js';
import { type Recovery, RECOVERY_STATUSES, type RecoveryStatus } from '../recovery.repository.js';

@ApiSchema({ name: 'Recovery' })
export class RecoveryDto {
  @ApiUuid({ description: 'The id of the recovery.', example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
  id: string;

  @ApiUuid({ description: 'The webhook that it is for.', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' })
  webhook_id: string;

  @ApiTimestamp({ description: 'The beginning of the range, included.' })
  since: string;

  @ApiTimestamp({ description: 'The end of the range, not included.', example: '2021-08-10T12:00:00.000Z' })
  until: string;

  @ApiProperty({
    ...namedEnum(
      'RecoveryStatus',
      RECOVERY_STATUSES,
      '`running`: it counts, then queues; while 500 deliveries wait for the webhook it adds none, and goes on as they ' +
        'are taken. `done`: everything is queued, which does not mean delivered. `stopped`: by request, or because the ' +
        'webhook became inactive or was deleted.',
    ),
    description: 'How far it is.',
    example: 'running',
  })
  status: RecoveryStatus;

  @ApiCount({
    description:
      'What was found to bring back. It grows until the whole range is counted, and only then something is queued.',
    example: 1204,
  })
  total: number;

  @ApiCount({
    description: 'Deliveries queued so far. In the end less than `total` when some were retried by hand meanwhile.',
    example: 500,
  })
  queued: number;

  @ApiTimestamp({ description: 'When it was asked for.', example: '2021-08-10T12:00:00.000Z' })
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'When it was done or stopped; null while it runs.', example: null })
  completed_at: string | null;

  static of(recovery: Recovery): RecoveryDto {
    return {
      id: recovery.id,
      webhook_id: recovery.webhookId,
      since: recovery.since.toISOString(),
      until: recovery.until.toISOString(),
      status: recovery.status,
      total: recovery.total,
      queued: recovery.queued,
      created_at: recovery.createdAt.toISOString(),
      completed_at: recovery.completedAt?.toISOString() ?? null,
    };
  }
}
