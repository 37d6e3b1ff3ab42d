// Writes openapi.json, the document that the service serves, from the source: decorators of controllers and DTOs.
// Nest's preview mode reads the modules without making a provider, so neither a database nor a build is needed.
// With --check it writes nothing and fails when the file is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import 'reflect-metadata';

register('../test/support/typescript-hooks.mjs', import.meta.url);
const { AppModule } = await import('../src/app.module.ts');
const { createApp } = await import('../src/app.setup.ts');
const { loadConfig } = await import('../src/config/config.ts');
const { buildOpenApi } = await import('../src/openapi.ts');

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    file: { type: 'string', default: resolve(import.meta.dirname, '../openapi.json') },
  },
});

// The document does not depend on the settings, and must not depend on those of whoever runs this.
const config = loadConfig({ LOG_LEVEL: 'error' });
const app = await createApp(config, AppModule.forRoot(config), { preview: true });
const document = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
await app.close();

if (document !== read(options.file)) {
  if (options.check) {
    console.error('openapi.json is not up to date with the code. Run: npm run openapi:generate');
    process.exitCode = 1;
  } else {
    writeFileSync(options.file, document);
    console.log('wrote openapi.json');
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
