import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Found at run time, and only where somebody uses what needs them; or holding files beside their code. */
const LEFT_IN_NODE_MODULES = [
  '@as-integrations/fastify',
  '@electric-sql/pglite',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
  'fs-native-extensions',
  'pg-native',
  // For its side effect, which has to come before everything that is bundled.
  'reflect-metadata',
];

/** What CommonJS packages expect around them. */
const COMMONJS_SCOPE = `
import { createRequire as createRequireHere } from 'node:module';
import { dirname as dirnameHere } from 'node:path';
import { fileURLToPath as fileURLToPathHere } from 'node:url';
const require = createRequireHere(import.meta.url);
const __filename = fileURLToPathHere(import.meta.url);
const __dirname = dirnameHere(__filename);`;

/**
 * Puts compiled code and the packages that it uses into a few files. Node 20 opens, resolves and compiles each module
 * apart, and there are 2,400 of them: with them apart, starting took 2.8 s, of which 0.85 s were for that.
 *
 * Names are kept: log contexts and OpenAPI schemas are made from those of classes.
 *
 * @param {string} root the repository
 * @param {string} compiled where the compiler put `src` and `migrations`
 * @param {string} target where `main.js` and the engine's worker go, side by side
 */
export function bundle(root, compiled, target) {
  const { buildSync } = createRequire(join(root, 'package.json'))('esbuild');
  buildSync({
    absWorkingDir: root,
    entryPoints: ['main.js', 'reencrypt-secrets.js', 'database/embedded/embedded-postgres.worker.js'].map((file) =>
      join(compiled, 'src', file),
    ),
    outdir: target,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    // The engine's thread starts before the application is loaded: main.ts.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    sourcemap: true,
    external: LEFT_IN_NODE_MODULES,
    banner: { js: COMMONJS_SCOPE },
    logLevel: 'warning',
  });
  nameClassesOnly(target);
}

/**
 * With `keepNames`, esbuild defines the name of every function as it is made: of every closure of every request, too,
 * which took 4 % of the main thread's time. Only names of classes are asked for, by log contexts and schemas.
 */
function nameClassesOnly(target) {
  const helper = 'var __name = (target, value) => __defProp(target, "name", { value, configurable: true });';
  const classesOnly = helper.replace('value) =>', 'value, isClass) => !isClass ? target :');
  for (const name of readdirSync(target).filter((file) => file.endsWith('.js'))) {
    const path = join(target, name);
    const code = readFileSync(path, 'utf8');
    if (code.includes('var __name =') && !code.includes(helper)) {
      throw new Error('esbuild writes its naming helper differently now; adapt this');
    }
    const named = code.replace(helper, classesOnly).replaceAll(/__name\(this, ("[^"]+")\)/g, '__name(this, $1, true)');
    writeFileSync(path, named);
  }
}
