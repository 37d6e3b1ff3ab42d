import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { documentWebhooks } from './deliveries/sending/document-webhooks.js';
import { buildDocument } from './openapi/build-document.js';
import { documentRecoverResult } from './recovery/dto/recover-result.js';

export function buildOpenApi(app: INestApplication, server: string): OpenAPIObject {
  return buildDocument(app, server, [documentRecoverResult, documentWebhooks]);
}
