import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version in package.json, which stands above both the sources and the build. */
export const VERSION: string = readVersion(dirname(fileURLToPath(import.meta.url)));

function readVersion(directory: string): string {
  const path = join(directory, 'package.json');
  if (!existsSync(path)) return readVersion(dirname(directory));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
