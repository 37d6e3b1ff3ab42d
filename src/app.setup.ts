import { type DynamicModule, type LoggerService, Module, type NestApplicationOptions, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveApiDocs } from './openapi/api-docs.js';
import { isPublic } from './auth/access.decorators.js';
import { senderOf } from './auth/request-principal.js';
import { compressAnswers } from './http/compress-answers.js';
import { PUBLIC_URL } from './openapi/creates.js';
import { ErrorFilter } from './http/error.filter.js';
import { HttpAdapter } from './http/http-adapter.js';
import { operationsWithoutSecrets } from './openapi/operations-without-secrets.js';
import { QueryGuard } from './http/query.guard.js';
import { RequestValidationPipe } from './http/request-validation.pipe.js';
import { SERVER_LIMITS, type ServerLimits, shareOfLimits } from './http/server-limits.js';
import { ShutdownState } from './http/shutdown-state.js';
import type { Config } from './config/config.js';
import { partOf } from './config/worker-share.js';
import { Metrics } from './metrics/metrics.js';
import { PinoLogger } from './observability/logger.js';
import { logRequests } from './observability/request-log.js';
import { measureRequests } from './observability/request-metrics.js';
import { buildOpenApi } from './openapi.js';
import { readOpenApi30 } from './openapi/openapi-30.js';
import { Siblings } from './workers/siblings.js';

export interface AppOptions {
  logger?: LoggerService;
  /** true: nothing is created or opened, so the application can only describe itself. */
  preview?: boolean;
  limits?: ServerLimits;
  /** The other workers behind the same port. Default: none. */
  siblings?: Siblings;
  /** Answers from this size on are compressed; for tests. Default: 1,024. */
  minCompressedBytes?: number;
}

export type MakeApp = (
  root: DynamicModule,
  adapter: HttpAdapter,
  options: NestApplicationOptions,
) => Promise<NestFastifyApplication>;

/**
 * For main, the tests and the OpenAPI script. The application is neither initialised nor listening.
 *
 * @param module the root module: `AppModule.forRoot(config)`, or a part of it in a test.
 */
export async function createApp(
  config: Config,
  module: Type | DynamicModule,
  {
    logger = PinoLogger.of(config),
    preview = false,
    limits = shareOfLimits(SERVER_LIMITS, config.workers),
    siblings = new Siblings(),
    minCompressedBytes,
  }: AppOptions = {},
  make: MakeApp = (root, adapter, options) => NestFactory.create(root, adapter, options),
): Promise<NestFastifyApplication> {
  const shutdown = new ShutdownState();
  const rateLimitPer10s = partOf(config.rateLimitPer10s, config);
  const adapter = new HttpAdapter({ ...config, rateLimitPer10s, senderOf, limits }, shutdown);
  const app = await make(ServerModule.of(module, shutdown, siblings, config), adapter, {
    logger,
    preview,
    // A failed start throws; the caller reports it and ends the process.
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ErrorFilter());
  app.useGlobalGuards(new QueryGuard(isPublic));
  app.useGlobalPipes(new RequestValidationPipe());
  if (preview) return app;

  const server = app.getHttpAdapter().getInstance();
  logRequests(server, logger, { which: config.logRequests, senderOf });
  measureRequests(server, app.get(Metrics));
  const compressible = operationsWithoutSecrets(readOpenApi30());
  compressAnswers(server, {
    mayCompress: (operation) => compressible.has(operation),
    ...(minCompressedBytes !== undefined && { minBytes: minCompressedBytes }),
  });
  serveApiDocs(app, config, (address) => buildOpenApi(app, address));
  return app;
}

@Module({})
class ServerModule {
  static of(
    served: Type | DynamicModule,
    shutdown: ShutdownState,
    siblings: Siblings,
    { publicUrl }: Config,
  ): DynamicModule {
    return {
      module: ServerModule,
      global: true,
      imports: [served],
      providers: [
        { provide: ShutdownState, useValue: shutdown },
        { provide: Siblings, useValue: siblings },
        { provide: PUBLIC_URL, useValue: publicUrl },
        Metrics,
      ],
      exports: [ShutdownState, Siblings, PUBLIC_URL, Metrics],
    };
  }
}
