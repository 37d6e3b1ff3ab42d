import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import type { Environment } from '../../auth/environment.entity.js';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { MayBeAbsent } from '../../openapi/property-rules.js';
import { NameProperty } from './name-property.js';

const NAME = { description: 'What people call it.', example: 'Production' };

function AllowDuplicateName(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: 'boolean',
      description: 'True: also where another environment has the name. When absent: false, and that is a 409.',
    }),
    MayBeAbsent(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

@ApiSchema({ name: 'CreateEnvironment' })
export class CreateEnvironmentDto {
  @NameProperty(NAME)
  name: string;

  @AllowDuplicateName()
  allow_duplicate_name?: boolean;
}

@ApiSchema({ name: 'UpdateEnvironment' })
export class UpdateEnvironmentDto {
  @NameProperty({ ...NAME, required: false })
  name?: string;

  @AllowDuplicateName()
  allow_duplicate_name?: boolean;
}

@ApiSchema({ name: 'Environment' })
export class EnvironmentDto {
  @ApiUuid({ description: 'The id of the environment.', example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  id: string;

  @ApiProperty({ ...NAME, type: 'string' })
  name: string;

  @ApiTimestamp({ description: 'When the environment was created.' })
  created_at: string;

  @ApiTimestamp({ description: 'When the environment was last changed.' })
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
