import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { documentPayload } from './api-property.js';
import { describeEnums } from './named-enum.js';
import { closeBodies } from './close-bodies.js';
import { documentErrors } from './document-errors.js';
import { ErrorResponseDto } from './dto/error-response.dto.js';
import { VERSION } from '../common/version.js';
import { BEARER, BEARER_DESCRIPTION } from './bearer.js';

/** One paragraph: generators write it into a comment of one line, or into one that an empty line ends. */
const DESCRIPTION =
  "Tidings sends your events to your customers' endpoints: signed, retried, logged and replayable. Authorise with a bearer " +
  'token: the admin token acts in the environment that the query parameter `environment_id` names, an API token in its own. ' +
  'A list answers `result`, newest first, and `next_cursor`: ask again with that until it is null. After a timeout or a 5xx, ' +
  'repeat with the same `Idempotency-Key`, where the operation takes one: nothing is done twice. After a 429 or a 503, wait for ' +
  'the seconds in `Retry-After`. Every error has the form of `ErrorResponse`: act on its `code`, which is stable. By default ' +
  'a token has 500 requests in ten seconds, publishing not counted (RATE_LIMIT_PER_10S), a body 8 MiB (MAX_BODY_BYTES), a ' +
  'payload 256 KiB (MAX_EVENT_BYTES), an environment 1,000 webhooks (WEBHOOKS_PER_ENVIRONMENT) and 10,000,000 pending ' +
  'deliveries (PENDING_DELIVERIES_PER_ENVIRONMENT).';

export const OUTGOING_TAG = 'Receiving';

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
 * The contract: it is served at /openapi.json and committed as openapi.json. An application in preview mode is enough.
 *
 * @param server the address of the service: many clients know no other
 * @param additions what features add and no decorator can say
 */
export function buildDocument(
  app: INestApplication,
  server: string,
  additions: readonly ((document: OpenAPIObject) => void)[],
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tidings')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer(server)
    // Not addBearerAuth, which documents every token as a JWT.
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: BEARER_DESCRIPTION })
    .build();
  // The builder writes an empty one.
  delete config.info.contact;
  config.tags = TAGS.map(([name, description]) => ({ name, description }));
  // The tag of a controller is its purpose, not the name of its class.
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory,
    autoTagControllers: false,
    extraModels: [ErrorResponseDto],
  });
  describeEnums(document);
  documentPayload(document);
  for (const add of additions) add(document);
  documentErrors(document);
  closeBodies(document);
  documentPublic(document);
  return document;
}

/** A public route says that it needs no token: otherwise somebody might have forgotten it. */
function documentPublic({ paths }: OpenAPIObject): void {
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item) as { security?: object[] }[]) operation.security ??= [];
  }
}

/**
 * Names for generated clients: `create` of webhooks is `createWebhook`, `list` is `listWebhooks`, `publishBatch` of
 * events is `publishEventBatch`. A route whose controller is not named after its resource names itself, in
 * `@ApiOperation`.
 */
export function operationIdFactory(controller: string, method: string): string {
  const [, verb = method, rest = ''] = /^([a-z]+)(.*)$/.exec(method) ?? [];
  const resources = controller.replace(/Controller$/, '');
  const resource = verb === 'list' ? resources : resources.replace(/ies$/, 'y').replace(/s$/, '');
  return verb + resource + rest;
}
