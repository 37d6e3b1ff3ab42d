/** `npm start`: from a fresh clone to a running service. Production runs what it builds directly: dist/src/main.js. */
import './node-version.mjs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, isNotAllowed } from './build.mjs';
import { ensureInstalled } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function prepared() {
  try {
    ensureInstalled(root);
    return build(root, { needsLink: false });
  } catch (error) {
    if (!isNotAllowed(error)) throw error;
    console.error(
      `${root} has to be built first, and this user may not write there: run "npm run build" as its owner.`,
    );
    process.exit(1);
  }
}

const built = prepared();
// In this process, so that signals and the exit code are the service's own; by its real directory, so that the next
// build does not pull the files from under it.
await import(pathToFileURL(join(built, 'src', 'main.js')).href);
