// Writes what the TypeScript client has from openapi.json: its types and the table of operations, in
// clients/typescript/src/generated. With --check it writes nothing and fails when they are not up to date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    directory: { type: 'string', default: resolve(import.meta.dirname, '../clients/typescript/src/generated') },
  },
});

/** What has a default may be left out of a request; the generator's own choice would demand it. */
const OPTIONS = { defaultNonNullable: false, transform };
/** Paths are in the table of operations. */
const USED = ['webhooks', 'components', 'operations'];

const document = clientPart(JSON.parse(readFileSync(resolve(import.meta.dirname, '../openapi.json'), 'utf8')));
const schemas = Object.keys(document.components.schemas);
const files = {
  'api.ts': astToString((await openapiTS(document, OPTIONS)).filter(({ name }) => USED.includes(name.text))),
  'schemas.ts': `import type { components } from './api.js';\n\n${schemas.map(aliasOf).join('\n')}\n`,
  'operations.ts': `/** Method and path of each operation, and whether it acts in an environment, which an admin token has to name. */
export const OPERATIONS = {
${requestsOf(document).join('\n')}
} as const;
`,
  'version.ts': `export const VERSION = '${document.info.version}';\n`,
};

for (const [name, text] of Object.entries(files)) {
  const file = join(options.directory, name);
  const content = `// Generated from openapi.json: npm run client:generate\n\n${text}`;
  if (read(file) === content) continue;
  if (options.check) {
    console.error(`clients/typescript/src/generated/${name} is not up to date. Run: npm run client:generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(options.directory, { recursive: true });
    writeFileSync(file, content);
    console.log(`wrote ${name}`);
  }
}

/**
 * The document without what the client has no use for: probes and metrics, headers, and the error answers, which all
 * have one form. With them the types would be twice as long.
 */
function clientPart({ openapi, info, paths, webhooks, components }) {
  const part = {
    openapi,
    info,
    paths: operations(paths, (operation) => ({
      ...operation,
      ...(operation.requestBody && { requestBody: withoutExamples(operation.requestBody) }),
      responses: Object.fromEntries(
        Object.entries(operation.responses)
          .filter(([status]) => status.startsWith('2'))
          .map(([status, { description, content }]) => [status, withoutExamples({ description, content })]),
      ),
    })),
    webhooks: operations(webhooks, ({ operationId, summary, description, requestBody }) => ({
      operationId,
      summary,
      description,
      requestBody: withoutExamples(requestBody),
      responses: {},
    })),
  };
  return { ...part, components: { schemas: withoutSamples(usedSchemas(part, components.schemas)) } };
}

/**
 * Without what would be a comment that says nothing which name, type and description do not: examples of members, and the
 * formats of texts. A tenth of the package.
 */
function withoutSamples(value) {
  if (Array.isArray(value)) return value.map(withoutSamples);
  if (typeof value !== 'object' || value === null) return value;
  // Of a schema: a member that is called so is a schema itself.
  const kept = Object.entries(value).filter(
    ([name, part]) => (name !== 'example' && name !== 'format') || part?.type !== undefined,
  );
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutSamples(part)]));
}

/** The values that are known, which an editor offers, and any other text: `'a' | 'b' | (string & {})`. */
function transform({ 'x-extensible-enum': values }) {
  if (values === undefined) return undefined;
  const { factory } = ts;
  const text = factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword);
  const anyText = factory.createIntersectionTypeNode([text, factory.createTypeLiteralNode([])]);
  const known = values.map((value) => factory.createLiteralTypeNode(factory.createStringLiteral(value)));
  return factory.createUnionTypeNode([...known, factory.createParenthesizedType(anyText)]);
}

function operations(items, change) {
  return Object.fromEntries(
    Object.entries(items)
      .map(([path, item]) => [path, Object.entries(item).filter(([, { tags }]) => !tags.includes('Health'))])
      .filter(([, item]) => item.length > 0)
      .map(([path, item]) => [
        path,
        Object.fromEntries(item.map(([method, operation]) => [method, change(operation)])),
      ]),
  );
}

function withoutExamples({ content, ...rest }) {
  const bare = Object.entries(content).map(([type, { schema }]) => [type, { schema }]);
  return { ...rest, content: Object.fromEntries(bare) };
}

/** What is referred to, from an operation or from another schema that is; and the errors. */
function usedSchemas(part, schemas) {
  const used = new Set(['ErrorResponse']);
  const visit = (value) => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(schemas.ErrorResponse);
  visit(part);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
}

function aliasOf(name) {
  return `export type ${name} = components['schemas']['${name}'];`;
}

function requestsOf({ paths }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, tags, parameters = [] }]) => {
      // In the lists of the administration it is a filter, and may be absent.
      const actsInEnvironment =
        !tags.includes('Administration') && parameters.some(({ name }) => name === 'environment_id');
      return `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}', actsInEnvironment: ${actsInEnvironment} },`;
    }),
  );
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
