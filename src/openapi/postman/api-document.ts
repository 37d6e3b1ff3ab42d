export interface ApiDocument {
  info: { title: string; description?: string };
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  example?: unknown;
  schema: Schema;
}

export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  enum?: unknown[];
  example?: unknown;
  minimum?: number;
}

export function resolve(schema: Schema, { components }: ApiDocument): Schema {
  if (schema.$ref === undefined) return schema;
  return components.schemas[schema.$ref.split('/').at(-1)!]!;
}

/** Undefined: no JSON. */
export function successOf({ responses }: Operation, document: ApiDocument): Schema | undefined {
  const [status] = successesOf(responses);
  const schema = responses[String(status)]?.content?.['application/json']?.schema;
  return schema && resolve(schema, document);
}

export function successesOf(responses: Operation['responses']): number[] {
  return Object.keys(responses)
    .filter((status) => /^2\d\d$/.test(status))
    .map(Number);
}
