import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { DATABASE_TROUBLES } from '../../common/database-trouble.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import type { NamedTrouble } from '../../database/database-troubles.js';

export const HEALTH_STATUSES = ['ok', 'unavailable'] as const;

export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** From the best to the worst. */
export const READINESS_STATUSES = ['ok', 'waiting', 'unavailable'] as const;

export type ReadinessStatus = (typeof READINESS_STATUSES)[number];

const HEALTH_STATUS = namedEnum('HealthStatus', HEALTH_STATUSES, 'How a replica, or what it needs, is.');

@ApiSchema({ name: 'Liveness' })
export class LivenessDto {
  @ApiProperty({ enum: ['ok'], description: 'Always `ok`: a process that is not does not answer.', example: 'ok' })
  status: 'ok';
}

@ApiSchema({ name: 'ReadinessChecks' })
export class ReadinessChecksDto {
  @ApiProperty({ ...HEALTH_STATUS, example: 'ok', description: 'Whether the database answers within a second.' })
  database: HealthStatus;

  @ApiProperty({
    ...HEALTH_STATUS,
    example: 'ok',
    description: 'Whether the database can store: its disk has room, and it takes writes.',
  })
  storage: HealthStatus;

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

const NAMED_TROUBLES = DATABASE_TROUBLES.filter((trouble) => trouble !== 'busy');

@ApiSchema({ name: 'Readiness' })
export class ReadinessDto {
  @ApiProperty({
    ...growingEnum('ReadinessStatus', READINESS_STATUSES, 'Whether a replica takes requests.'),
    example: 'ok',
    description:
      '`waiting`: the database has not answered for less than ACCEPT_WAIT; events are taken and wait for it. `unavailable` also while the process stops.',
  })
  status: ReadinessStatus;

  @ApiProperty({ type: ReadinessChecksDto, description: 'How each of the things is that a replica needs.' })
  checks: ReadinessChecksDto;

  @ApiProperty({
    ...growingEnum(
      'DatabaseTrouble',
      NAMED_TROUBLES,
      'What is wrong with the database. `full`: its disk. `read_only`: it takes no writes. `corrupted`: it cannot read its ' +
        'files. `misconfigured`: its sessions have settings that would change results; the log tells which.',
    ),
    nullable: true,
    example: null,
    description: 'What was wrong with the database within the last 30 seconds; null: nothing that has a name.',
  })
  database_trouble: NamedTrouble | null;
}
