import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../common/api-property.js';
import { namedEnum } from '../common/named-enum.js';
import type { EnvironmentErasure } from './environment-erasures.repository.js';

export const ERASURE_STATUSES = ['running', 'done'] as const;

@ApiSchema({ name: 'EnvironmentErasure' })
export class EnvironmentErasureDto {
  @ApiUuid({ example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  environment_id: string;

  @ApiProperty({
    ...namedEnum(
      'EnvironmentErasureStatus',
      ERASURE_STATUSES,
      'Whether data of the environment is still being removed.',
    ),
    example: 'running',
  })
  status: (typeof ERASURE_STATUSES)[number];

  @ApiProperty({ type: 'integer', minimum: 0, example: 48213, description: 'Rows removed so far, of all tables.' })
  removed_rows: number;

  @ApiTimestamp({ description: 'When the environment was deleted.' })
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'Null while it runs.' })
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
