import type { OpenAPIObject } from '@nestjs/swagger';
import { EVENT_PAYLOAD_REF } from '../../openapi/api-property.js';
import { OUTGOING_TAG } from '../../openapi/build-document.js';
import { pascalCase } from '../../openapi/named-enum.js';
import { OPERATIONAL_EVENTS, type OperationalEventDefinition } from '../../common/operational-events.js';
import { VERSION } from '../../common/version.js';
import { SETTINGS } from '../../config/settings.js';
import {
  EVENT_TYPES,
  type EventTypeDefinition,
  TEST_EVENT_PAYLOAD,
  TEST_EVENT_TYPE,
} from '../../webhooks/event-types.js';
import { envelopeOf, signedHeaders } from './outgoing-request.js';

type PathItem = NonNullable<OpenAPIObject['webhooks']>[string];
type Components = NonNullable<OpenAPIObject['components']>;
type Schema = NonNullable<Components['schemas']>[string];

/** The receiver of the examples, for their signatures. */
const EXAMPLE = {
  id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  environmentId: '05daecaf-4365-42e8-8370-8127de5dd717',
  webhookId: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
  secret: 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff',
  createdAt: new Date('2021-08-10T10:00:00.000Z'),
} as const;

interface Sent extends EventTypeDefinition {
  /** The schema of the payload, without its example. */
  readonly payload: object;
}

const TEST: Sent = published({
  type: TEST_EVENT_TYPE,
  description:
    'Somebody asked for a test of the webhook with `POST /webhook/test`. It is sent once, whatever is answered.',
  example: TEST_EVENT_PAYLOAD,
});

const SENT: readonly Sent[] = [...EVENT_TYPES.map(published), TEST, ...OPERATIONAL_EVENTS.map(operational)];

function published(definition: EventTypeDefinition): Sent {
  const payload = {
    allOf: [EVENT_PAYLOAD_REF],
    description: 'What was published, its text exactly as it was written.',
  };
  return { ...definition, payload };
}

function operational({ type, description, members }: OperationalEventDefinition): Sent {
  return {
    type,
    description: `${description} Sent to the operator of the installation (OPERATOR_WEBHOOK_URL), to nobody else.`,
    example: exampleOf(members),
    payload: {
      type: 'object',
      description: 'What the event tells.',
      required: Object.keys(members),
      properties: members,
    },
  };
}

function exampleOf(members: OperationalEventDefinition['members']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => {
      const { example, properties } = member as { example?: unknown; properties?: typeof members };
      return [name, properties ? exampleOf(properties) : example];
    }),
  );
}

/**
 * Adds one entry of `webhooks` for each event type, with a schema of its own, so that types can be generated. The code
 * that sends makes the examples' bodies and headers.
 */
export function documentWebhooks(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  components.schemas = {
    ...components.schemas,
    ...Object.fromEntries(SENT.map((definition) => [schemaNameOf(definition), envelopeSchema(definition)])),
  };
  components.parameters = { ...components.parameters, ...HEADERS };
  components.headers = { ...components.headers, RetryAfterOfReceiver: RETRY_AFTER };
  components.responses = { ...components.responses, ...ANSWERS };
  document.webhooks = Object.fromEntries(SENT.map((definition) => [definition.type, pathItemOf(definition)]));
}

function pathItemOf(definition: Sent): PathItem {
  const schema = { $ref: `#/components/schemas/${schemaNameOf(definition)}` };
  return {
    post: {
      operationId: `receive${pascalCase(definition.type)}`,
      summary: definition.type,
      description: definition.description,
      tags: [OUTGOING_TAG],
      // The API's tokens are not used: the headers carry signatures.
      security: [],
      parameters: Object.keys(HEADERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
      requestBody: {
        required: true,
        content: { 'application/json': { schema, example: JSON.parse(String(envelope(definition))) as unknown } },
      },
      responses: {
        '2XX': { $ref: '#/components/responses/Received' },
        '410': { $ref: '#/components/responses/Gone' },
        '429': { $ref: '#/components/responses/TooMany' },
        '503': { $ref: '#/components/responses/NotNow' },
        default: { $ref: '#/components/responses/NotReceived' },
      },
    },
  };
}

/** Other members are allowed, so that a receiver which checks the envelope survives new ones. */
function envelopeSchema({ type, description, example, payload }: Sent): Schema {
  const uuid = { type: 'string', format: 'uuid' };
  // In a variable first: the library's type has no `const`, which OpenAPI 3.1 has.
  const schema = {
    type: 'object',
    description,
    required: ['id', 'event', 'payload', 'environment_id', 'created_at', 'webhook_id'],
    properties: {
      id: {
        ...uuid,
        description: 'The id of the event, the same in every attempt: drop duplicates by it.',
        example: EXAMPLE.id,
      },
      event: { type: 'string', const: type, description: 'The event type.' },
      payload: { ...payload, example },
      environment_id: {
        ...uuid,
        description: 'The environment that the webhook belongs to.',
        example: EXAMPLE.environmentId,
      },
      created_at: {
        type: 'string',
        format: 'date-time',
        description: 'When the event was accepted.',
        example: EXAMPLE.createdAt.toISOString(),
      },
      webhook_id: { ...uuid, description: 'The webhook that this was sent to.', example: EXAMPLE.webhookId },
    },
  };
  return schema;
}

function envelope({ type, example }: EventTypeDefinition): Buffer {
  const event = { id: EXAMPLE.id, type, payload: JSON.stringify(example), createdAt: EXAMPLE.createdAt };
  return envelopeOf(event, EXAMPLE.environmentId, EXAMPLE.webhookId);
}

function schemaNameOf({ type }: EventTypeDefinition): string {
  return `${pascalCase(type)}Envelope`;
}

const SIGNED = signedHeaders(envelope(TEST), EXAMPLE.id, [EXAMPLE.secret], EXAMPLE.createdAt, {
  userAgent: `Tidings/${VERSION}`,
  signatureHeader: SETTINGS.signatureHeader.default,
  signatureEncoding: SETTINGS.signatureEncoding.default,
});

const SIGNED_EXAMPLE =
  `The example is that of the event \`${TEST_EVENT_TYPE}\`, without spaces or line ends, with the secret ` +
  `\`${EXAMPLE.secret}\`.`;

/** Named as headers: a type `WebhookId` would read as the id of a webhook. */
const HEADERS: NonNullable<Components['parameters']> = {
  WebhookIdHeader: header('webhook-id', {
    description: 'The id of the event, as in the body.',
    schema: { type: 'string', format: 'uuid' },
  }),
  WebhookTimestampHeader: header('webhook-timestamp', {
    description: 'When this attempt started, in seconds since 1970: refuse one that is minutes old.',
    schema: { type: 'string', pattern: '^[0-9]+$' },
  }),
  WebhookSignatureHeader: header('webhook-signature', {
    description:
      'The signatures of Standard Webhooks: `v1,` and the base64 of the HMAC-SHA256 of ' +
      '`<webhook-id>.<webhook-timestamp>.<body>`, keyed with the bytes of the secret as text. One for each secret that ' +
      `is good, newest first, separated by spaces: accept the request if one is right. ${SIGNED_EXAMPLE}`,
    schema: { type: 'string' },
  }),
  BodySignatureHeader: header(SETTINGS.signatureHeader.default, {
    // An installation may give it another name.
    required: false,
    description:
      'A signature of the body alone: `format=sha256,v=` and the HMAC-SHA256 of the body, keyed in the same way. Name ' +
      'and encoding are settings of the installation (`SIGNATURE_HEADER`, `SIGNATURE_ENCODING`). After a rotation it is ' +
      `by the oldest secret that is good. ${SIGNED_EXAMPLE}`,
    schema: { type: 'string' },
  }),
  UserAgentHeader: header('User-Agent', {
    description: '`Tidings/` and its version.',
    schema: { type: 'string' },
  }),
};

function header(
  name: string,
  options: { description: string; schema: object; required?: boolean },
): NonNullable<Components['parameters']>[string] {
  return { name, in: 'header', required: true, ...options, example: SIGNED[name.toLowerCase()] };
}

const RETRY_AFTER = {
  description:
    'How long to wait, in seconds or as a date of HTTP (RFC 9110), in GMT; at most 24 hours of it are honoured.',
  schema: { type: 'string' },
  example: '120',
};

const WITH_RETRY_AFTER = { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfterOfReceiver' } } };

const ANSWERS: NonNullable<Components['responses']> = {
  Received: {
    description: 'The delivery has succeeded. Of the body the first 4 KiB are kept, for `GET /delivery/{id}`.',
  },
  Gone: {
    description:
      'The endpoint is no more: the webhook becomes inactive at once, and what waits for it is canceled. Once it is ' +
      'active again, `POST /webhook/{id}/recover` brings that back.',
  },
  TooMany: {
    description: 'Sent again by the schedule, but not before `Retry-After`; until then nothing is sent to the webhook.',
    ...WITH_RETRY_AFTER,
  },
  NotNow: { description: 'Sent again by the schedule, but not before `Retry-After`.', ...WITH_RETRY_AFTER },
  NotReceived: {
    description:
      `Any other answer, a redirect too, or none within the timeout (${Number(SETTINGS.attemptTimeoutMs.default) / 1_000} s ` +
      'by default): the attempt has failed. The delivery is sent again after ' +
      `${SETTINGS.retryScheduleMs.default.replaceAll(',', ', ')}, each ±20 %, by default; then it has failed.`,
  },
};
