import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * The environment variables, completed from the file `.env` in the working directory where there is one. A variable
 * that is really set wins over the file, also when it is set to nothing.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env, path = '.env'): NodeJS.ProcessEnv {
  return { ...readEnvFile(path), ...env };
}

function readEnvFile(path: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
