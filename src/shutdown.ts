import { Logger } from '@nestjs/common';
import { isRepeated, STOP_SIGNALS } from './common/stop-signals.js';

export interface ShutdownTimes {
  /** How long it still serves before it closes. */
  delayMs: number;
  /** How long closing may take after that. */
  timeoutMs: number;
}

/**
 * Ends the process with 0, or with 1 when closing fails or takes too long. A second signal, at least a second later,
 * ends it at once.
 *
 * @returns does the same for a reason that is not a signal to this process, such as a worker's supervisor has.
 */
export function closeOnSignal(
  close: () => Promise<void>,
  { delayMs, timeoutMs }: ShutdownTimes,
): (reason: string) => void {
  const logger = new Logger('Tidings');
  let firstAtMs: number | null = null;

  const closeAndExit = (reason: string): void => {
    logger.log(`${reason}: finishing what is in flight; a second signal ends the process at once`);
    setTimeout(() => {
      logger.error(
        `closing took longer than ${timeoutMs} ms (SHUTDOWN_TIMEOUT); what was in flight is attempted again`,
      );
      process.exit(1);
    }, delayMs + timeoutMs).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ msg: 'closing failed', err: error });
        process.exit(1);
      },
    );
  };

  const begin = (reason: string): void => {
    if (firstAtMs !== null) return;
    firstAtMs = performance.now();
    closeAndExit(reason);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs !== null && isRepeated(firstAtMs)) process.exit(1);
    begin(signal);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return begin;
}
