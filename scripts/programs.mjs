import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the browser that the tests use: the one that CHROMIUM names, or else the first on PATH; null if none. */
export function findChromium() {
  if (process.env.CHROMIUM) return isExecutable(process.env.CHROMIUM) ? process.env.CHROMIUM : null;
  return findProgram(['chromium', 'chromium-browser', 'google-chrome']);
}

/**
 * @param {string[]} names
 * @returns {string | null} the path of the first that is on PATH
 */
export function findProgram(names) {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => directories.map((directory) => join(directory, name)));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
