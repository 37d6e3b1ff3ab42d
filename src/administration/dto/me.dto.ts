import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { SCOPES, type Principal, type Scope } from '../../auth/principal.js';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import { namedEnum } from '../../openapi/named-enum.js';
import { GrantedScopesProperty, WebhookOfTokenProperty } from './api-token.dto.js';

@ApiSchema({ name: 'Me' })
export class MeDto {
  @ApiProperty({
    ...namedEnum('TokenKind', ['admin', 'api_token'], 'The admin token, or an API token of one environment.'),
    description: 'What kind of token it is.',
    example: 'api_token',
  })
  kind: Principal['kind'];

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'The name of the API token; null for the admin token.',
    example: 'Order service',
  })
  name: string | null;

  @ApiUuid({
    nullable: true,
    description:
      'The environment that the token acts in; null for the admin token, which names an environment in each request.',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
  })
  environment_id: string | null;

  @WebhookOfTokenProperty()
  webhook_id: string | null;

  @GrantedScopesProperty()
  scopes: readonly Scope[];

  @ApiTimestamp({ nullable: true, description: 'From when the token is refused; null: never.' })
  expires_at: string | null;
}

export function toMeDto(principal: Principal): MeDto {
  if (principal.kind === 'admin') {
    return { kind: 'admin', name: null, environment_id: null, webhook_id: null, scopes: SCOPES, expires_at: null };
  }
  return {
    kind: 'api_token',
    name: principal.name,
    environment_id: principal.environmentId,
    webhook_id: principal.webhookId,
    scopes: principal.scopes,
    expires_at: principal.expiresAt?.toISOString() ?? null,
  };
}
