import type { OpenAPIObject } from '@nestjs/swagger';

type Node = Record<string, unknown>;

/**
 * Closes every object in a response whose properties are listed: a field that is not documented then breaks the
 * contract test, and a generated client knows that there is no more to come. An object that says for itself what else
 * it may hold keeps its word, and one that only requests have stays as it is: the documented bodies have no such
 * keyword.
 */
export function closeResponses(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, unknown>;
  const entered = new Set<string>();

  const close = (node: unknown): void => {
    if (!isNode(node)) return;
    const name = schemaNameOf(node);
    if (name !== null && !entered.has(name)) {
      entered.add(name);
      close(schemas[name]);
    }
    if (node['type'] === 'object' && node['properties']) node['additionalProperties'] ??= false;
    for (const [member, value] of Object.entries(node)) {
      if (!DATA.has(member)) close(value);
    }
  };
  for (const response of responsesOf(document)) close(response);
}

/** Members whose values are data, which may look like a schema and is none. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const']);

const SCHEMAS = '#/components/schemas/';

function schemaNameOf({ $ref }: Node): string | null {
  return typeof $ref === 'string' && $ref.startsWith(SCHEMAS) ? $ref.slice(SCHEMAS.length) : null;
}

function responsesOf({ paths }: OpenAPIObject): unknown[] {
  const operations = Object.values(paths).flatMap((item): unknown[] => Object.values(item));
  return operations.filter(isNode).flatMap(({ responses = {} }): unknown[] => Object.values(responses as Node));
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}
