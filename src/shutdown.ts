import { Logger } from '@nestjs/common';

/**
 * On SIGTERM or SIGINT closes the application and ends the process with 0; with 1 when closing fails or takes longer
 * than `timeoutMs`. A second signal ends it at once.
 */
export function closeOnSignal(close: () => Promise<void>, timeoutMs: number): void {
  const logger = new Logger('Tidings');
  let isClosing = false;

  const closeAndExit = (signal: NodeJS.Signals): void => {
    logger.log(`${signal}: finishing what is in flight; a second signal ends the process at once`);
    setTimeout(() => {
      logger.error(
        `closing took longer than ${timeoutMs} ms (SHUTDOWN_TIMEOUT); what was in flight is attempted again`,
      );
      process.exit(1);
    }, timeoutMs).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ msg: 'closing failed', err: error });
        process.exit(1);
      },
    );
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (isClosing) process.exit(1);
    isClosing = true;
    closeAndExit(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
