import type { OpenAPIObject } from '@nestjs/swagger';

type Schema = Record<string, unknown>;

/** Accepts `environment_id` from published clients, which its documented form does not have. */
const TAKES_MORE = 'CreateWebhook';

/** Unknown members of a body are refused by name. An answer stays open, so that a later version may add some. */
export function closeBodies({ paths, components }: OpenAPIObject): void {
  const schemas = (components?.schemas ?? {}) as Record<string, Schema>;
  const close = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = schemas[name!]!;
      if (!('properties' in schema) || 'additionalProperties' in schema) continue;
      if (name !== TAKES_MORE) schema['additionalProperties'] = false;
      close(schema['properties']);
    }
  };
  for (const item of Object.values(paths)) {
    for (const { requestBody } of Object.values(item) as { requestBody?: object }[])
      if (requestBody) close(requestBody);
  }
}
