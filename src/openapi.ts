import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { closeResponses } from './common/openapi-closed.js';
import { documentErrors } from './common/openapi-errors.js';
import { VERSION } from './common/version.js';

const DESCRIPTION = `Tidings sends your events to your customers' endpoints: signed, retried, logged and replayable.

Authorise with a bearer token. The admin token acts in the environment that the query parameter \`environment_id\` names;
an API token acts in its own.`;

/**
 * The OpenAPI document, which is the contract: it is served at /openapi.json and committed as openapi.json. It needs
 * the modules alone, so an application that was created in preview mode will do.
 */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tidings')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    // Relative to where the document was read from, so it is right behind any proxy.
    .addServer('/')
    // Not addBearerAuth, which says of every token that it is a JWT.
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'The admin token or an API token.' })
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory });
  documentErrors(document);
  closeResponses(document);
  return document;
}

/**
 * Names that read well in generated clients: the method's verb, the resource, the rest of the method. `create` of
 * webhooks is `createWebhook`, `list` is `listWebhooks`, `publishBatch` of events is `publishEventBatch`.
 */
export function operationIdFactory(controller: string, method: string): string {
  const [, verb = method, rest = ''] = /^([a-z]+)(.*)$/.exec(method) ?? [];
  const resources = controller.replace(/Controller$/, '');
  const resource = verb === 'list' ? resources : resources.replace(/s$/, '');
  return verb + resource + rest;
}
