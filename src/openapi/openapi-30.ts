import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../common/package-root.js';

/**
 * The document has the default address. It is made by the build, because the converter is not part of the running
 * service.
 */
export function readOpenApi30(): object {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'openapi-3.0.json'), 'utf8')) as object;
}
