import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { OperatorError } from '../common/operator-error.js';

/**
 * Completed from the file `.env` in the working directory, if it exists. A variable that is set wins over the file,
 * even if it is empty.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env, path = '.env'): NodeJS.ProcessEnv {
  return { ...readEnvFile(path), ...env };
}

function readEnvFile(path: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new OperatorError(
      `The file ${resolve(path)} cannot be read (${code}). Let this user read it, or remove it.`,
      {
        cause: error,
      },
    );
  }
}
