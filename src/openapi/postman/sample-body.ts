import { type ApiDocument, resolve, type Schema } from './api-document.js';
import { idVariableOf, TARGET_URL, variable } from './variables.js';

/** Beside members with an example: without it, a second run would find the names of the first taken. */
const ALSO = new Set(['allow_duplicate_name']);
/** With an example key, a request would repeat somebody else's. */
const NEVER = new Set(['idempotency_key']);

/**
 * A body that the schema accepts: required members, and those with examples. Ids of earlier resources and the target of
 * webhooks are variables.
 *
 * @param known variables that hold ids
 */
export function sampleBody(schema: Schema, path: string, document: ApiDocument, known: ReadonlySet<string>): unknown {
  const own = idVariableOf(path);
  const sampleOf = (given: Schema): unknown => {
    if (given.example !== undefined) return given.example;
    const { allOf: [first] = [], ...rest } = resolve(given, document);
    if (first) return sampleOf(first);
    const kind = [rest.type].flat()[0];
    if (kind === 'array') return [sampleOf(rest.items!)];
    if (kind === 'object') return membersOf(rest);
    return rest.enum?.[0] ?? rest.example ?? rest.minimum ?? (kind === 'boolean' ? true : '');
  };
  const membersOf = ({ properties = {}, required = [] }: Schema): object => {
    const sent = Object.entries(properties).filter(
      ([name, { example }]) =>
        required.includes(name) || ALSO.has(name) || (example !== undefined && !NEVER.has(name) && !known.has(name)),
    );
    return Object.fromEntries(sent.map(([name, property]) => [name, variableFor(name) ?? sampleOf(property)]));
  };
  const variableFor = (name: string): string | null => {
    if (name === 'id' && own !== null) return variable(own);
    return name === TARGET_URL || known.has(name) ? variable(name) : null;
  };
  return sampleOf(schema);
}
