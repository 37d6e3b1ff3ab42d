import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { BEARER, BEARER_DESCRIPTION } from './auth/access.decorators.js';
import { documentPayload } from './common/api-property.js';
import { describeEnums } from './common/named-enum.js';
import { documentErrors } from './common/openapi-errors.js';
import { VERSION } from './common/version.js';
import { documentWebhooks, OUTGOING_TAG } from './deliveries/sending/document-webhooks.js';

const DESCRIPTION = `Tidings sends your events to your customers' endpoints: signed, retried, logged and replayable.

Authorise with a bearer token. The admin token acts in the environment that the query parameter \`environment_id\` names;
an API token acts in its own.

**Pages.** A list answers \`result\`, newest first, and \`next_cursor\`. Ask again with that as the query parameter
\`next_cursor\` until it is null. \`limit\` is the size of a page, 100 unless told otherwise.

**Repeating a request.** \`POST /webhook\`, \`POST /webhook/{id}/rotate-secret\` and \`POST /event\` take the header
\`Idempotency-Key\`, each member of \`POST /event/batch\` an \`idempotency_key\`: with the same key and content a repeat gets the same answer and does nothing
again. So after a timeout or a 5xx, repeat with the same key.

**Limits.** By default, and as the settings in capitals have it: a token has 500 requests in ten seconds, to all
replicas together (RATE_LIMIT_PER_10S), publishing not counted, a body 8 MiB (MAX_BODY_BYTES), a payload 256 KiB (MAX_EVENT_BYTES), an
environment 1,000 webhooks (WEBHOOKS_PER_ENVIRONMENT) and 10,000,000 pending deliveries
(PENDING_DELIVERIES_PER_ENVIRONMENT). After a 429, and after a 503, wait for the seconds in \`Retry-After\`.

**Errors.** Every error has the form of \`ApiError\`. Act on \`code\`, which is stable.`;

/** What the operations are sorted by, in the order in which one meets them. */
const TAGS = [
  ['Webhooks', 'The endpoints that receive events: their target, event types, secret and state.'],
  ['Events', 'What happened: publish it, read it, and see which webhooks got it.'],
  ['Deliveries', 'What is owed to each webhook, with every attempt and its answer.'],
  [
    OUTGOING_TAG,
    'What a webhook is sent: one request for each delivery, signed. The answer decides what becomes of the delivery. ' +
      'A delivery may arrive more than once, and order is not promised.',
  ],
  ['Administration', 'Environments, API tokens and the audit trail: for the admin token, but for `GET /me`.'],
  ['Health', 'Probes and metrics of one replica, without a token.'],
] as const;

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
    // Relative to where the document was read from, so it is right behind any proxy, also one that puts a path before all.
    .addServer('.')
    // Not addBearerAuth, which says of every token that it is a JWT.
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: BEARER_DESCRIPTION })
    .build();
  // The builder writes an empty one.
  delete config.info.contact;
  config.tags = TAGS.map(([name, description]) => ({ name, description }));
  // A controller is tagged by what it is for, not by the name of its class.
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory, autoTagControllers: false });
  describeEnums(document);
  documentPayload(document);
  documentErrors(document);
  documentPublic(document);
  documentWebhooks(document);
  return document;
}

/** Says of a route that takes no token that it takes none: nothing said could mean that somebody forgot to. */
function documentPublic({ paths }: OpenAPIObject): void {
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item) as { security?: object[] }[]) operation.security ??= [];
  }
}

/**
 * Names that read well in generated clients: the method's verb, the resource, the rest of the method. `create` of
 * webhooks is `createWebhook`, `list` is `listWebhooks`, `publishBatch` of events is `publishEventBatch`, `get` of
 * deliveries is `getDelivery`. A route whose controller is not named after what it acts on names itself, in
 * `@ApiOperation`.
 */
export function operationIdFactory(controller: string, method: string): string {
  const [, verb = method, rest = ''] = /^([a-z]+)(.*)$/.exec(method) ?? [];
  const resources = controller.replace(/Controller$/, '');
  const resource = verb === 'list' ? resources : resources.replace(/ies$/, 'y').replace(/s$/, '');
  return verb + resource + rest;
}
