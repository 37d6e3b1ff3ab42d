import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClientGoneError } from './client-gone-error.js';
import { closeOnceRead } from './close-once-read.js';
import { errorBodyOf } from './error-body.js';
import { isWaitingToBeAsked } from './expect-continue.js';
import { toApiError } from './to-api-error.js';

@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(exception, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(exception: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (exception instanceof ClientGoneError) {
      reply.raw.destroy();
      return;
    }
    const error = toApiError(exception);
    if (error.statusCode >= 500) this.report(error.code, exception, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    // The client decides whether its body follows although nobody asked for it, so the connection cannot go on.
    if (isWaitingToBeAsked(request.raw)) void reply.header('connection', 'close');
    // Fastify closes the connection after a body that it refuses. There is no need: the rest is read and dropped.
    else if (reply.raw.shouldKeepAlive) reply.removeHeader('connection');
    closeOnceRead(request.raw);
    void reply
      .status(error.statusCode)
      .headers(error.headers)
      .type('application/json; charset=utf-8')
      .send(errorBodyOf(error));
  }

  /** Never the URL as sent: its query may hold what no log should. */
  private report(code: string, exception: unknown, { id, method, routeOptions }: FastifyRequest): void {
    const where = { request_id: id, method, route: routeOptions.url, code };
    if (code === 'INTERNAL_ERROR') this.logger.error({ msg: 'a request failed', ...where, err: exception });
    else if (code !== 'SHUTTING_DOWN') this.logger.warn({ msg: 'a request was turned away', ...where, err: exception });
  }
}
