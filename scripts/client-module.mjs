/** The TypeScript client as a module, for the scripts: bundled from its source, so that it need not be built before. */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../clients/typescript/src/index.ts', import.meta.url));

/**
 * @returns {Promise<typeof import('../clients/typescript/src/index.js')>}
 */
export async function importClient() {
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
