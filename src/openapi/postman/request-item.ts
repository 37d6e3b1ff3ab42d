import { type ApiDocument, type Operation, type Parameter, resolve, type Schema, successesOf } from './api-document.js';
import { sampleBody } from './sample-body.js';
import { stableId } from './stable-id.js';
import { ADMIN_TOKEN, BASE_URL, idVariableOf, variable } from './variables.js';

/** https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html */
export interface RequestItem {
  id: string;
  name: string;
  event: { listen: 'test'; script: { type: 'text/javascript'; exec: string[] } }[];
  request: {
    method: string;
    description: string;
    auth?: Auth;
    header: Field[];
    body?: { mode: 'raw'; raw: string; options: { raw: { language: 'json' } } };
    url: { raw: string; host: string[]; path: string[]; query: Field[]; variable: Field[] };
  };
  response: [];
}

export type Auth = { type: 'noauth' } | { type: 'bearer'; bearer: [{ key: 'token'; value: string; type: 'string' }] };

interface Field {
  key: string;
  value: string;
  description?: string;
  disabled?: true;
}

export interface Located {
  path: string;
  method: string;
  operation: Operation;
}

export interface Surroundings {
  document: ApiDocument;
  /** Variables with the ids that earlier requests made or found. */
  ids: ReadonlySet<string>;
  /** Lines of script that keep an id of the operation's answer, by its name. */
  keeping: ReadonlyMap<string, readonly string[]>;
}

export function requestItem(
  { path, method, operation }: Located,
  { document, ids, keeping }: Surroundings,
): RequestItem {
  const { operationId, summary, description = '', parameters = [], requestBody, security } = operation;
  const inPlace = (place: string): Field[] =>
    parameters.filter(({ in: where }) => where === place).map((parameter) => fieldOf(parameter, path, document, ids));
  const body = requestBody?.content['application/json']?.schema;
  const segments = path.slice(1).replaceAll(/\{(\w+)\}/g, ':$1');
  return {
    id: stableId(operationId),
    name: summary ?? operationId,
    event: [
      { listen: 'test', script: { type: 'text/javascript', exec: testOf(operation, keeping.get(operationId) ?? []) } },
    ],
    request: {
      method,
      description,
      ...authOf(security),
      header: [...(body ? [{ key: 'Content-Type', value: 'application/json' }] : []), ...inPlace('header')],
      ...(body && { body: jsonBody(sampleBody(body, path, document, ids)) }),
      url: {
        raw: `${variable(BASE_URL)}/${segments}`,
        host: [variable(BASE_URL)],
        path: segments.split('/'),
        query: inPlace('query'),
        variable: inPlace('path'),
      },
    },
    response: [],
  };
}

/** The collection's own, for operations that name no other. */
export function bearer(name: string): Auth {
  return { type: 'bearer', bearer: [{ key: 'token', value: variable(name), type: 'string' }] };
}

function authOf(security: Operation['security']): { auth?: Auth } {
  const [scopes] = security.flatMap((scheme) => Object.values(scheme));
  if (scopes === undefined) return { auth: { type: 'noauth' } };
  return scopes.includes('admin') ? { auth: bearer(ADMIN_TOKEN) } : {};
}

/** Optional fields are switched off: when sent, one would be a filter, or somebody else's key. */
function fieldOf(parameter: Parameter, path: string, document: ApiDocument, ids: ReadonlySet<string>): Field {
  const { name, in: place, required, description } = parameter;
  const own = place === 'path' ? idVariableOf(path) : name;
  const value = own !== null && ids.has(own) ? variable(own) : sampleOf(parameter, document);
  return { key: name, value, ...(description && { description }), ...(!required && { disabled: true as const }) };
}

function sampleOf({ example, schema }: Parameter, document: ApiDocument): string {
  const {
    example: own,
    default: fallback,
    enum: values,
    items,
  } = resolve(schema, document) as Schema & { default?: unknown };
  const sample = example ?? own ?? fallback ?? values?.[0] ?? (items && resolve(items, document).enum?.[0]) ?? '';
  return typeof sample === 'string' ? sample : JSON.stringify(sample);
}

function jsonBody(body: unknown): RequestItem['request']['body'] {
  return { mode: 'raw', raw: JSON.stringify(body, null, 2), options: { raw: { language: 'json' } } };
}

function testOf({ responses }: Operation, kept: readonly string[]): string[] {
  const statuses = successesOf(responses);
  const expected = `pm.expect(pm.response.code).to.be.oneOf([${statuses.join(', ')}])`;
  const check = `pm.test('answers ${statuses.join(' or ')}', () => ${expected});`;
  if (kept.length === 0) return [check];
  return [check, 'if (pm.response.code < 300) {', ...kept.map((line) => `  ${line}`), '}'];
}
