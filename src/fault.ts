import { Logger } from '@nestjs/common';

/** After an uncaught fault the state of the process is unknown. The supervisor restarts it. */
export function exitOnFault(): void {
  const logger = new Logger('Tidings');
  const exit = (error: unknown): void => {
    logger.fatal({ msg: 'a fault that nothing caught; the process ends', err: error });
    process.exit(1);
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}
