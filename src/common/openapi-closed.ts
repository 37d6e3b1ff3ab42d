import type { OpenAPIObject } from '@nestjs/swagger';

/**
 * Closes every object whose properties are listed: a response with a field that is not documented then breaks the
 * contract test, and a generated client knows that there is no more to come. An object that says for itself what else
 * it may hold keeps its word.
 */
export function closeSchemas(document: OpenAPIObject): void {
  close(document.components?.schemas);
  close(document.paths);
}

/** Members whose values are data, which may look like a schema and is none. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const']);

function close(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as Record<string, unknown>;
  if (schema['type'] === 'object' && schema['properties']) schema['additionalProperties'] ??= false;
  for (const [name, member] of Object.entries(schema)) {
    if (!DATA.has(name)) close(member);
  }
}
