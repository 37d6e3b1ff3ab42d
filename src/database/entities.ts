import { ApiToken } from '../auth/api-token.entity.js';
import { Environment } from '../auth/environment.entity.js';
import { WebhookRevision } from '../webhooks/entities/webhook-revision.entity.js';
import { WebhookSecret } from '../webhooks/entities/webhook-secret.entity.js';
import { Webhook } from '../webhooks/entities/webhook.entity.js';

/** Every entity: explicit, so that a missing file is a compile error and not a table that nobody maps. */
export const entities = [Environment, ApiToken, Webhook, WebhookRevision, WebhookSecret];
