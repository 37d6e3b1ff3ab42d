/** `npm start`: from a fresh clone to a running service. Production runs what it builds directly: dist/src/main.js. */
import './node-version.mjs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { ensureInstalled } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
ensureInstalled(root);
const built = build(root);
// In this process, so that signals and the exit code are the service's own; by its real directory, so that the next
// build does not pull the files from under it.
await import(pathToFileURL(join(built, 'src', 'main.js')).href);
