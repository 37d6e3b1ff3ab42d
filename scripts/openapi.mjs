// Writes openapi.json, the document that the service serves, from the source: decorators of controllers and DTOs; and
// openapi-3.0.json, the same in OpenAPI 3.0.
// Nest's preview mode reads the modules without making a provider, so neither a database nor a build is needed.
// With --check it writes nothing and fails when a file is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import 'reflect-metadata';
import { toOpenApi30 } from './openapi-3.0.mjs';

register('../test/support/typescript-hooks.mjs', import.meta.url);
const { AppModule } = await import('../src/app.module.ts');
const { createApp } = await import('../src/app.setup.ts');
const { loadConfig } = await import('../src/config/config.ts');
const { serverUrlOf } = await import('../src/openapi/server-url.ts');
const { buildOpenApi } = await import('../src/openapi.ts');

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    directory: { type: 'string', default: resolve(import.meta.dirname, '..') },
  },
});

// The document does not depend on the settings, and must not depend on those of whoever runs this.
const config = loadConfig({ LOG_LEVEL: 'error' });
const app = await createApp(config, AppModule.forRoot(config), { preview: true });
const document = buildOpenApi(app, serverUrlOf(config, null));
await app.close();

const documents = { 'openapi.json': document, 'openapi-3.0.json': toOpenApi30(document) };
for (const [name, content] of Object.entries(documents)) {
  const file = join(options.directory, name);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (text === read(file)) continue;
  if (options.check) {
    console.error(`${name} is not up to date with the code. Run: npm run openapi:generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${name}`);
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
