import { ApiSchema } from '@nestjs/swagger';
import { ApiTimestamp, ApiUuid } from '../../openapi/api-property.js';
import type { LiveSecret } from '../secrets/webhook-secrets.repository.js';

@ApiSchema({ name: 'WebhookSecret' })
export class WebhookSecretDto {
  @ApiUuid({
    description: 'The id of the secret, which is not the secret.',
    example: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  })
  id: string;

  @ApiTimestamp({ description: 'When the secret was made.' })
  created_at: string;

  @ApiTimestamp({ nullable: true, description: 'When it stops signing. Null: not before the next rotation.' })
  expires_at: string | null;
}

export function toWebhookSecretDto({ id, createdAt, expiresAt }: LiveSecret): WebhookSecretDto {
  return { id, created_at: createdAt.toISOString(), expires_at: expiresAt?.toISOString() ?? null };
}
