// Writes dist, or the directory that is given: one ESM and one CommonJS file, with types for each. The compilers are
// those of the repository, so nothing has to be installed here.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const directory = import.meta.dirname;
const dist = resolve(process.argv[2] ?? join(directory, 'dist'));
rmSync(dist, { recursive: true, force: true });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const args = [tsc, '--project', join(directory, 'tsconfig.json'), '--noEmit', 'false', '--outDir', dist];
const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(1);

for (const [format, outfile] of [
  ['esm', 'index.js'],
  ['cjs', 'index.cjs'],
]) {
  await build({
    entryPoints: [join(directory, 'src/index.ts')],
    outfile: join(dist, outfile),
    format,
    bundle: true,
    platform: 'node',
    target: 'node18',
    // Of what is packed, blanks are a tenth. Names and lines stay, for stack traces.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
  });
}

// To TypeScript a .d.ts of this package speaks of an ES module, and a .d.cts of what `require` gives. An ES module may
// name the types of either, so they are written once, and are the same for both.
for (const name of readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.d.ts'))) {
  const text = readFileSync(join(dist, name), 'utf8').replaceAll(/(from '\.{1,2}\/[^']+)\.js'/g, "$1.cjs'");
  writeFileSync(join(dist, name.replace(/\.d\.ts$/, '.d.cts')), text);
  rmSync(join(dist, name));
}
writeFileSync(join(dist, 'index.d.ts'), "export * from './index.cjs';\n");
