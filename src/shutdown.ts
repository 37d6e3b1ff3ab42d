import { Logger } from '@nestjs/common';

/** A closed terminal sends SIGHUP. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Signals within this time count as one. On Ctrl-C npm's child gets SIGINT from the terminal and, some milliseconds
 * later, from npm.
 */
const ONE_SIGNAL_MS = 1_000;

export interface ShutdownTimes {
  /** How long it still serves before it closes. */
  delayMs: number;
  /** How long closing may take after that. */
  timeoutMs: number;
}

/**
 * Ends the process with 0, or with 1 when closing fails or takes too long. A second signal, at least a second later,
 * ends it at once.
 */
export function closeOnSignal(close: () => Promise<void>, { delayMs, timeoutMs }: ShutdownTimes): void {
  const logger = new Logger('Tidings');
  let firstAtMs: number | null = null;

  const closeAndExit = (signal: NodeJS.Signals): void => {
    logger.log(`${signal}: finishing what is in flight; a second signal ends the process at once`);
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

  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      closeAndExit(signal);
    } else if (performance.now() - firstAtMs >= ONE_SIGNAL_MS) {
      process.exit(1);
    }
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
}
