import { Converter } from '@apiture/openapi-down-convert';

const SCHEMA_REF = /"#\/components\/(\w+)\/(\w+)"/g;

/**
 * The document in OpenAPI 3.0, for tools that know no later one. The library writes types with null, `const` and the licence as
 * 3.0 has them and leaves out `webhooks`, which 3.0 does not have. Left to us are unions with null, which it keeps as they are,
 * and the components that only `webhooks` refers to.
 *
 * @param {object} document in OpenAPI 3.1
 */
export function toOpenApi30(document) {
  const converted = new Converter(document).convert();
  return withUsedComponents(withoutNullType(converted, converted.components.schemas));
}

/**
 * `anyOf: [A, null]` with `nullable`, which 3.0 has beside a type alone: a text is written out, an object referred to. Of what
 * is referred to null would have to be allowed there.
 */
function withoutNullType(node, schemas) {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((member) => withoutNullType(member, schemas));
  const members = Object.entries(node).map(([name, value]) => [name, withoutNullType(value, schemas)]);
  const { anyOf, ...rest } = Object.fromEntries(members);
  if (anyOf === undefined) return rest;
  const others = anyOf.filter(({ type }) => type !== 'null');
  if (others.length === anyOf.length) return { ...rest, anyOf };
  if (others.length > 1) throw new Error('a union of more than one type and null has no form in OpenAPI 3.0 yet');
  const schema = schemas[others[0].$ref.split('/').at(-1)];
  if (schema.type === 'object') return { type: 'object', nullable: true, ...rest, allOf: others };
  return { ...schema, ...(schema.enum && { enum: [...schema.enum, null] }), nullable: true, ...rest };
}

function withUsedComponents({ components, ...rest }) {
  const used = new Set();
  const visit = (part) => {
    for (const [, kind, name] of JSON.stringify(part).matchAll(SCHEMA_REF)) {
      const key = `${kind}/${name}`;
      if (used.has(key)) continue;
      used.add(key);
      visit(components[kind][name]);
    }
  };
  visit(rest);
  const kept = Object.entries(components).map(([kind, members]) => {
    if (kind === 'securitySchemes') return [kind, members];
    return [kind, Object.fromEntries(Object.entries(members).filter(([name]) => used.has(`${kind}/${name}`)))];
  });
  return { ...rest, components: Object.fromEntries(kept.filter(([, members]) => Object.keys(members).length > 0)) };
}
