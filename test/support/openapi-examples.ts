import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ANNOTATIONS, type OpenApiDocument } from './openapi-conformance.js';

type Json = Record<string, unknown>;

/** An example or a default of the document, and what its own schema says of it. */
export interface CheckedExample {
  /** Where it stands: `components.schemas.Webhook.properties.id`. */
  at: string;
  /** What the schema does not allow, or null. */
  error: string | null;
}

/** Members whose value is data: nothing in it is a schema. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const', 'required', 'security']);

/** Members that map names to what is looked at: a name in them may be any word, `example` too. */
const MAPS = new Set(['properties', 'schemas', 'responses', 'headers', 'parameters', 'content', 'paths', 'webhooks']);

/** Every example and default of the document held to its schema: of properties, parameters, headers and bodies. */
export function checkExamples(document: OpenApiDocument): CheckedExample[] {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
  formats.default(ajv);
  ajv.addVocabulary(ANNOTATIONS);
  const checked: CheckedExample[] = [];
  const seen = new Set<string>();

  const check = (schema: Json, value: unknown, at: string): void => {
    const { example: _, default: __, ...rest } = schema;
    const isValid = ajv.validate({ allOf: [rest], components: document.components }, value);
    checked.push({ at, error: isValid ? null : `${JSON.stringify(value)} ${ajv.errorsText()}` });
  };
  const visit = (node: unknown, at: string, isMap: boolean): void => {
    if (typeof node !== 'object' || node === null) return;
    const members = node as Json;
    if (!isMap) {
      const schema = (members['schema'] ?? members) as Json;
      for (const keyword of ['example', 'default']) {
        if (keyword in members) check(schema, members[keyword], at);
      }
      if ('schema' in members) {
        const examples = (members['examples'] ?? {}) as Record<string, { $ref?: string; value?: unknown }>;
        for (const [name, { $ref, value: own }] of Object.entries(examples)) {
          const value = $ref === undefined ? own : document.components!.examples![$ref.split('/').at(-1)!]!.value;
          // Hundreds of responses have the same.
          const key = JSON.stringify([schema, $ref ?? own]);
          if (!seen.has(key)) check(schema, value, `${at}.examples.${name}`);
          seen.add(key);
        }
      }
    }
    for (const [name, value] of Object.entries(members)) {
      if (!isMap && DATA.has(name)) continue;
      visit(value, at ? `${at}.${name}` : name, !isMap && MAPS.has(name) && !Array.isArray(value));
    }
  };
  visit(document, '', false);
  return checked;
}
