/** `npm run test:faults`: installs and builds what is missing, then runs test/faults with the arguments given. */
import './node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
ensureInstalled(root);
build(root);

const program = spawn(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--import',
    pathToFileURL(join(root, 'test', 'support', 'run-typescript.mjs')).href,
    join(root, 'test', 'faults', 'main.ts'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
// A terminal sends Ctrl+C to both; a supervisor sends its signal to this process alone.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => program.kill('SIGTERM'));
program.on('exit', (code, signal) => process.exit(signal ? 1 : code));
