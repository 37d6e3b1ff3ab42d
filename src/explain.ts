import { OperatorError } from './common/operator-error.js';
import type { Config } from './config/config.js';
import { secretTextsOf } from './config/secret-texts.js';
import { withoutSecrets } from './observability/redaction.js';

/**
 * The message of an expected error, or the stack of an unexpected one.
 *
 * @param config the settings read so far: their secrets are not shown.
 */
export function explain(error: unknown, config: Config | null): string {
  return withoutSecrets(tell(error), config ? secretTextsOf(config) : []);
}

function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof OperatorError) return error.message;
  return causesOf(error)
    .map(({ stack, message }) => stack ?? message)
    .join('\ncaused by ');
}

function causesOf(error: Error): Error[] {
  return error.cause instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}
