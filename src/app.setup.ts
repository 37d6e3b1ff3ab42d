import { type DynamicModule, type LoggerService, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveApiDocs } from './api-docs.js';
import { senderOf } from './auth/request-principal.js';
import { ErrorFilter } from './common/error.filter.js';
import { HttpAdapter } from './common/http-adapter.js';
import { RequestValidationPipe } from './common/request-validation.pipe.js';
import type { ServerLimits } from './common/server-limits.js';
import { ShutdownState } from './common/shutdown-state.js';
import type { Config } from './config/config.js';
import { Metrics } from './metrics/metrics.js';
import { PinoLogger } from './observability/logger.js';
import { logRequests } from './observability/request-log.js';
import { measureRequests } from './observability/request-metrics.js';

export interface AppOptions {
  /** Where log lines go; a logger made from the settings if absent. */
  logger?: LoggerService;
  /** true: no provider is made and nothing is opened, so that the application can only describe itself. */
  preview?: boolean;
  /** Other limits of the server, for tests. */
  limits?: ServerLimits;
  /** Puts something else in the place of an instance that was made, for tests; gives back what is not its matter. */
  replace?: (instance: unknown) => unknown;
}

/**
 * Sets an application up as main, the tests and the OpenAPI script share it. It is neither initialised nor listening.
 *
 * @param module What to serve: `AppModule.forRoot(config)`, or a part of it in a test.
 */
export async function createApp(
  config: Config,
  module: Type | DynamicModule,
  { logger = PinoLogger.of(config), preview = false, limits, replace }: AppOptions = {},
): Promise<NestFastifyApplication> {
  const shutdown = new ShutdownState();
  const adapter = new HttpAdapter({ ...config, senderOf, ...(limits && { limits }) }, shutdown);
  const app = await NestFactory.create<NestFastifyApplication>(ServerModule.of(module, shutdown), adapter, {
    logger,
    preview,
    ...(replace && { instrument: { instanceDecorator: replace } }),
    // A start that fails throws; the caller says so and ends the process.
    abortOnError: false,
    // The adapter reads bodies itself.
    bodyParser: false,
  });
  app.useGlobalFilters(new ErrorFilter());
  app.useGlobalPipes(new RequestValidationPipe());
  if (preview) return app;

  logRequests(app.getHttpAdapter().getInstance(), logger);
  measureRequests(app.getHttpAdapter().getInstance(), app.get(Metrics));
  serveApiDocs(app);
  return app;
}

/** The root: the served modules, the state of the server that serves them, and what counts. */
@Module({})
class ServerModule {
  static of(served: Type | DynamicModule, shutdown: ShutdownState): DynamicModule {
    return {
      module: ServerModule,
      global: true,
      imports: [served],
      providers: [{ provide: ShutdownState, useValue: shutdown }, Metrics],
      exports: [ShutdownState, Metrics],
    };
  }
}
