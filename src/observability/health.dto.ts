import { ApiProperty, ApiSchema } from '@nestjs/swagger';

export const HEALTH_STATUSES = ['ok', 'unavailable'] as const;

export type HealthStatus = (typeof HEALTH_STATUSES)[number];

@ApiSchema({ name: 'Liveness' })
export class LivenessDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status: 'ok';
}

@ApiSchema({ name: 'ReadinessChecks' })
export class ReadinessChecksDto {
  @ApiProperty({ enum: HEALTH_STATUSES, example: 'ok', description: 'Whether the database answers within a second.' })
  database: HealthStatus;

  @ApiProperty({
    enum: HEALTH_STATUSES,
    example: 'ok',
    description: 'Whether every migration of this version was run.',
  })
  migrations: HealthStatus;

  @ApiProperty({
    enum: HEALTH_STATUSES,
    example: 'ok',
    description: 'Whether this replica takes and makes deliveries.',
  })
  dispatcher: HealthStatus;
}

@ApiSchema({ name: 'Readiness' })
export class ReadinessDto {
  @ApiProperty({ enum: HEALTH_STATUSES, example: 'ok', description: 'Also `unavailable` while the process stops.' })
  status: HealthStatus;

  @ApiProperty({ type: ReadinessChecksDto })
  checks: ReadinessChecksDto;
}
