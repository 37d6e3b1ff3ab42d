import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { Environment } from '../auth/environment.entity.js';
import { ApiTimestamp, ApiUuid } from '../common/api-property.js';
import { NameProperty } from './name-property.js';

const NAME = { description: 'What people call it; need not be unique.', example: 'Production' };

@ApiSchema({ name: 'CreateEnvironment' })
export class CreateEnvironmentDto {
  @NameProperty(NAME)
  name: string;
}

@ApiSchema({ name: 'UpdateEnvironment' })
export class UpdateEnvironmentDto {
  @NameProperty({ ...NAME, required: false })
  name?: string;
}

@ApiSchema({ name: 'Environment' })
export class EnvironmentDto {
  @ApiUuid({ example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  id: string;

  @ApiProperty({ ...NAME, type: 'string' })
  name: string;

  @ApiTimestamp()
  created_at: string;

  @ApiTimestamp()
  updated_at: string;
}

export function toEnvironmentDto(environment: Environment): EnvironmentDto {
  return {
    id: environment.id,
    name: environment.name,
    created_at: environment.createdAt.toISOString(),
    updated_at: environment.updatedAt.toISOString(),
  };
}
