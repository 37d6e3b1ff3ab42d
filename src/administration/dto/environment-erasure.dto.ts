import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiCount, ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { namedEnum } from '../../openapi/named-enum.js';
import type { EnvironmentErasure } from '../environment-erasures.repository.js';

export const ERASURE_STATUSES = ['running', 'done'] as const;

@ApiSchema({ name: 'EnvironmentErasure' })
export class EnvironmentErasureDto {
  @ApiUuid({ description: 'The environment that was deleted.', example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  environment_id: string;

  @ApiProperty({
    ...namedEnum(
      'EnvironmentErasureStatus',
      ERASURE_STATUSES,
      'Whether data of the environment is still being removed.',
    ),
    description: 'Whether it is still under way.',
    example: 'running',
  })
  status: (typeof ERASURE_STATUSES)[number];

  @ApiCount({ description: 'Rows removed so far, of all tables.', example: 48213 })
  removed_rows: number;

  @ApiTimestamp({ description: 'When the environment was deleted.' })
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'When the last of it was removed; null while it runs.' })
  completed_at: string | null;
}

export function toEnvironmentErasureDto(erasure: EnvironmentErasure): EnvironmentErasureDto {
  return {
    environment_id: erasure.environmentId,
    status: erasure.completedAt === null ? 'running' : 'done',
    removed_rows: erasure.removedRows,
    created_at: erasure.createdAt.toISOString(),
    completed_at: erasure.completedAt?.toISOString() ?? null,
  };
}
