import { Logger } from '@nestjs/common';
import type { Config } from './config/config.js';
import { secretTextsOf } from './config/secret-texts.js';
import { withoutSecrets } from './observability/redaction.js';

/** Errors whose message alone tells whoever starts the process what to do. */
const SELF_EXPLANATORY = new Set([
  'ConfigError',
  'DataDirectoryInUseError',
  'SchemaTooNewError',
  'DatabaseTooOldError',
  'DatabaseUnreachableError',
  'UnreadableSecretError',
]);

/**
 * What to print when the start fails: the message for errors of configuration, the stack for what nobody foresaw.
 *
 * @param config as far as it was read: its secrets are not shown.
 */
export function explain(error: unknown, config: Config | null): string {
  return withoutSecrets(tell(error), config ? secretTextsOf(config) : []);
}

function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (SELF_EXPLANATORY.has(error.name)) return error.message;
  return causesOf(error)
    .map(({ stack, message }) => stack ?? message)
    .join('\ncaused by ');
}

/** After a fault that nothing caught the state of the process is unknown: it logs it and ends; the supervisor restarts. */
export function exitOnFault(): void {
  const logger = new Logger('Tidings');
  const exit = (error: unknown): void => {
    logger.fatal({ msg: 'a fault that nothing caught; the process ends', err: error });
    process.exit(1);
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}

function causesOf(error: Error): Error[] {
  return error.cause instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}
