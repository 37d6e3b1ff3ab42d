import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsUUID, ValidateBy } from 'class-validator';
import type { ApiToken } from '../../auth/api-token.entity.js';
import { SCOPES, type Scope } from '../../auth/principal.js';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { growingEnum, namedEnum } from '../../openapi/named-enum.js';
import { ListQuery } from '../../reads/page.js';
import { EachItem, IsFilledArray, MayBeAbsent, NullIsAbsent } from '../../openapi/property-rules.js';
import { instantOf, QueryUuid } from '../../openapi/query-property.js';
import { NameProperty } from './name-property.js';

const NAME = { description: 'What people call it; need not be unique.', example: 'Order service' };

const SCOPE_LIST = { description: 'What the token may do.', isArray: true, example: ['webhook:read', 'event:write'] };

export function GrantedScopesProperty(): PropertyDecorator {
  return ApiProperty({ ...growingEnum('GrantedScope', SCOPES, 'What a token may do.'), ...SCOPE_LIST });
}

export function WebhookOfTokenProperty(): PropertyDecorator {
  return ApiUuid({
    nullable: true,
    description:
      'The webhook that the token sees and changes, with its deliveries, and nothing else; null: it reaches everything in its environment.',
    example: null,
  });
}

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

  @ApiPropertyOptional({
    type: 'string',
    format: 'uuid',
    description:
      'A webhook of the environment. The token sees and changes that one and its deliveries alone, and ends with it; ' +
      'it can hold no scope of events. When absent: everything in the environment.',
    example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  })
  @MayBeAbsent()
  @IsUUID('loose', { message: 'must be a UUID' })
  webhook_id?: string;

  @ApiPropertyOptional({
    ...SCOPE_LIST,
    ...namedEnum('Scope', SCOPES, 'What a token may do.'),
    nullable: true,
    minItems: 1,
    description:
      'What the token may do. When absent or null: everything; with `webhook_id`: everything but publishing and reading events.',
  })
  @MayBeAbsent()
  @NullIsAbsent()
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

/** Examples that fit together; those of the single fields together would be refused. */
export const API_TOKEN_ORDERS = {
  environment: {
    summary: 'A token that publishes events',
    value: { name: NAME.example, environment_id: '05daecaf-4365-42e8-8370-8127de5dd717', scopes: ['event:write'] },
  },
  webhook: {
    summary: 'A token for one webhook',
    value: {
      name: 'Engineer of a customer',
      environment_id: '05daecaf-4365-42e8-8370-8127de5dd717',
      webhook_id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
    },
  },
};

export class ListApiTokensQuery extends ListQuery {
  @QueryUuid({ description: 'Only the tokens of this environment.' })
  environment_id?: string;
}

@ApiSchema({ name: 'ApiToken' })
export class ApiTokenDto {
  @ApiUuid({
    description: 'The id of the token, which is not the token.',
    example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  })
  id: string;

  @ApiProperty({ ...NAME, type: 'string' })
  name: string;

  @ApiUuid({
    description: 'The environment that the token acts in.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string;

  @WebhookOfTokenProperty()
  webhook_id: string | null;

  @GrantedScopesProperty()
  scopes: Scope[];

  @ApiTimestamp({ nullable: true, description: 'From when the token is refused; null: never.' })
  expires_at: string | null;

  @ApiTimestamp({ nullable: true, description: 'When it was last used, to the minute; null: not yet.' })
  last_used_at: string | null;

  @ApiTimestamp({ description: 'When the token was created.' })
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
    webhook_id: token.webhookId,
    scopes: token.scopes,
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    created_at: token.createdAt.toISOString(),
  };
}
