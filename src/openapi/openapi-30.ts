import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../common/package-root.js';

/**
 * The OpenAPI document in version 3.0, with the address where a service listens by default. It is made when the code is
 * built: the converter is not part of the running service.
 */
export function readOpenApi30(): object {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, 'openapi-3.0.json'), 'utf8')) as object;
}
