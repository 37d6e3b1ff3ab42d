import type { OpenApiDocument } from './openapi-conformance.js';

type Schema = Record<string, unknown>;

/** Values for members whose schema does not say enough, by name. */
export type Known = Record<string, unknown>;

/** A value that the schema takes, with every member that it names. */
export function exampleOf(document: OpenApiDocument, schema: Schema, known: Known, name = ''): unknown {
  if (name in known) return known[name];
  const reference = schema['$ref'] as string | undefined;
  const [composed] = (schema['allOf'] ?? schema['anyOf'] ?? []) as Schema[];
  if (reference) return exampleOf(document, document.components!.schemas![reference.split('/').at(-1)!]!, known, name);
  if (composed) return exampleOf(document, composed, known, name);
  const kind = [schema['type']].flat()[0];
  if (kind === 'array') return [exampleOf(document, schema['items'] as Schema, known)];
  if (kind === 'object') {
    const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    return Object.fromEntries(properties.map(([member, of]) => [member, exampleOf(document, of, known, member)]));
  }
  const [first] = (schema['enum'] ?? []) as unknown[];
  const value = first ?? schema['example'] ?? schema['minimum'] ?? (kind === 'boolean' ? false : undefined);
  if (value === undefined) throw new Error(`the document has no example of ${name}`);
  return value;
}
