import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { namedEnum } from '../common/named-enum.js';

export const HEALTH_STATUSES = ['ok', 'unavailable'] as const;

export type HealthStatus = (typeof HEALTH_STATUSES)[number];

const HEALTH_STATUS = namedEnum('HealthStatus', HEALTH_STATUSES, 'How a replica, or what it needs, is.');

@ApiSchema({ name: 'Liveness' })
export class LivenessDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status: 'ok';
}

@ApiSchema({ name: 'ReadinessChecks' })
export class ReadinessChecksDto {
  @ApiProperty({ ...HEALTH_STATUS, example: 'ok', description: 'Whether the database answers within a second.' })
  database: HealthStatus;

  @ApiProperty({
    ...HEALTH_STATUS,
    example: 'ok',
    description: 'Whether every migration of this version was run.',
  })
  migrations: HealthStatus;

  @ApiProperty({
    ...HEALTH_STATUS,
    example: 'ok',
    description: 'Whether this replica takes and makes deliveries.',
  })
  dispatcher: HealthStatus;
}

@ApiSchema({ name: 'Readiness' })
export class ReadinessDto {
  @ApiProperty({ ...HEALTH_STATUS, example: 'ok', description: 'Also `unavailable` while the process stops.' })
  status: HealthStatus;

  @ApiProperty({ type: ReadinessChecksDto })
  checks: ReadinessChecksDto;
}
