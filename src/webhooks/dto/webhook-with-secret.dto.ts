import { ApiSchema } from '@nestjs/swagger';
import { ApiUuid } from '../../openapi/api-property.js';
import { WebhookDto } from './webhook.dto.js';

/** The only form in which a secret leaves the service. */
@ApiSchema({ name: 'WebhookWithSecret' })
export class WebhookWithSecretDto extends WebhookDto {
  @ApiUuid({
    description: 'The secret that the payload is signed with. Keep it: no later answer shows it.',
    example: 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff',
  })
  secret: string;
}
