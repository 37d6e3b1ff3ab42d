import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { Environment } from './environment.entity.js';
import { NameProperty } from './name-property.js';

const NAME = { description: 'What people call it; need not be unique.', example: 'Production' };
const TIME = { type: 'string', format: 'date-time', example: '2021-08-10T10:00:00.000Z' } as const;

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
  @ApiProperty({ type: 'string', format: 'uuid', example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  id: string;

  @ApiProperty({ ...NAME, type: 'string' })
  name: string;

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty(TIME)
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
