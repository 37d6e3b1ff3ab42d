import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger } from 'pino';
import type { Config } from '../config/config.js';
import { secretTextsOf } from '../config/secret-texts.js';
import { logEntry } from './log-entry.js';
import { StdoutLines } from './stdout-lines.js';

/** Nest logs each module and route that it sets up: 60 lines that are rarely read. */
const START_UP_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest logs a failed start under this name and also throws it. The code that catches it reports it. */
const THROWN_AS_WELL = 'ExceptionHandler';

export interface LoggerOptions {
  level: Level | 'silent';
  secrets?: readonly string[];
  stream?: DestinationStream | undefined;
  /** Beside whose lines those of other workers stand. */
  worker?: number | undefined;
}

/**
 * Writes one JSON object per line: `level`, `time`, `context`, `msg` and the caller's other members, all through
 * `redact`. Call it through Nest's `Logger`: `logger.warn({ msg: 'webhook made inactive', webhook_id })`,
 * `logger.error({ msg: '…', err: error })`.
 */
export class PinoLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly secrets: readonly string[];

  constructor({ level, secrets = [], worker, stream }: LoggerOptions) {
    this.secrets = secrets.filter((secret) => secret !== '');
    this.pino = pino(
      {
        level,
        base: worker === undefined ? null : { worker },
        timestamp: stdTimeFunctions.isoTime,
        // pino's own serializer would describe the description of an error again.
        serializers: { err: (description: unknown) => description },
        formatters: { level: (label) => ({ level: label }) },
      },
      stream ?? new StdoutLines({ isShared: worker !== undefined }),
    );
  }

  static of(config: Config, options: Pick<LoggerOptions, 'stream' | 'worker'> = {}): PinoLogger {
    return new PinoLogger({ level: config.logLevel, secrets: secretTextsOf(config), ...options });
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) === THROWN_AS_WELL) return;
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    this.write(typeof context === 'string' && START_UP_CONTEXTS.has(context) ? 'debug' : 'info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    this.pino[level](logEntry(message, rest, this.secrets));
  }
}
