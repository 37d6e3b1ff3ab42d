import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsUUID, ValidateBy } from 'class-validator';
import type { ApiToken } from '../auth/api-token.entity.js';
import { SCOPES, type Scope } from '../auth/principal.js';
import { ApiTimestamp, ApiUuid } from '../common/api-property.js';
import { namedEnum } from '../common/named-enum.js';
import { PageQuery } from '../common/page.js';
import { EachItem, IsFilledArray, MayBeAbsent } from '../common/property-rules.js';
import { instantOf, QueryUuid } from '../common/query-property.js';
import { NameProperty } from './name-property.js';

const NAME = { description: 'What people call it; need not be unique.', example: 'Order service' };

/** A property that holds scopes, all of one enum in the document. */
export const SCOPE_LIST = {
  ...namedEnum('Scope', SCOPES, 'What a token may do.'),
  isArray: true,
  example: ['webhook:read', 'event:write'],
};

export const EXPIRY_RULE = 'must be a time in the future with an offset, such as 2031-08-10T10:00:00.000Z';

@ApiSchema({ name: 'CreateApiToken' })
export class CreateApiTokenDto {
  @NameProperty(NAME)
  name: string;

  @ApiUuid({
    description: 'The environment that the token acts in.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  @IsUUID('loose', { message: 'must be a UUID' })
  environment_id: string;

  @ApiPropertyOptional({ ...SCOPE_LIST, minItems: 1, description: 'What the token may do. When absent: everything.' })
  @MayBeAbsent()
  @IsFilledArray('scope')
  @EachItem((scope) => SCOPES.some((known) => known === scope), `must be one of ${SCOPES.join(', ')}`)
  scopes?: Scope[];

  @ApiPropertyOptional({
    type: 'string',
    format: 'date-time',
    description: 'From when the token is refused, a time in the future; never by default.',
    example: '2031-08-10T10:00:00.000Z',
  })
  @MayBeAbsent()
  @ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && instantOf(value) !== null,
      defaultMessage: () => EXPIRY_RULE,
    },
  })
  expires_at?: string;
}

export class ListApiTokensQuery extends PageQuery {
  @QueryUuid({ description: 'Only the tokens of this environment.' })
  environment_id?: string;
}

@ApiSchema({ name: 'ApiToken' })
export class ApiTokenDto {
  @ApiUuid({ example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61' })
  id: string;

  @ApiProperty({ ...NAME, type: 'string' })
  name: string;

  @ApiUuid({ example: '05daecaf-4365-42e8-8370-8127de5dd717' })
  environment_id: string;

  @ApiProperty(SCOPE_LIST)
  scopes: Scope[];

  @ApiTimestamp({ nullable: true, description: 'Null: never.' })
  expires_at: string | null;

  @ApiTimestamp({ nullable: true, description: 'To the minute. Null: not used yet.' })
  last_used_at: string | null;

  @ApiTimestamp()
  created_at: string;
}

@ApiSchema({ name: 'CreatedApiToken' })
export class CreatedApiTokenDto extends ApiTokenDto {
  @ApiProperty({
    type: 'string',
    description: 'The bearer token. It is shown this once: only its hash is kept.',
    example: 'tdg_EXAMPLE-ONLY-EXAMPLE-ONLY-EXAMPLE-ONLY-EXAMPL',
  })
  token: string;
}

export function toApiTokenDto(token: ApiToken): ApiTokenDto {
  return {
    id: token.id,
    name: token.name,
    environment_id: token.environmentId,
    scopes: token.scopes,
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    created_at: token.createdAt.toISOString(),
  };
}
