import type { FeatureSchema } from '../database/feature-schema.js';
import { INSERT_WEBHOOK } from './insert-webhook.js';
import { WebhookSecret } from './secrets/webhook-secret.entity.js';
import { WebhookRevision } from './webhook-revision.entity.js';
import { Webhook } from './webhook.entity.js';

export const webhooksSchema: FeatureSchema = {
  entities: [Webhook, WebhookRevision, WebhookSecret],
  statements: [INSERT_WEBHOOK],
};
