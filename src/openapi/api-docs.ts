import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { codingFor, varyByCoding } from '../http/content-coding.js';
import { ApiError } from '../http/errors.js';
import { KeptContent } from '../http/kept-content.js';
import { serverUrlOf } from './server-url.js';
import type { Config } from '../config/config.js';
import { DOCS_PAGE } from './docs-page.js';
import { GUIDE_PAGES } from './guide-pages.js';
import { readOpenApi30 } from './openapi-30.js';
import type { ApiDocument } from './postman/api-document.js';
import { postmanCollection } from './postman/collection.js';
import { postmanEnvironment } from './postman/environment.js';

/**
 * The page holds a token. So it runs only these scripts, connects only to this service, and cannot be shown in a frame.
 */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The style sheet contains its icons.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  // Kept, but checked each time: an upgrade shows at once.
  'Cache-Control': 'no-cache',
};

/**
 * Serves the OpenAPI document, its Postman collection, the page that shows it, and the guide. Each file has its own
 * route, so no other path exists, whatever dots and slashes it has.
 *
 * @param buildOpenApi makes the document for clients that reach the service at this address
 */
export function serveApiDocs(
  app: NestFastifyApplication,
  config: Config,
  buildOpenApi: (server: string) => OpenAPIObject,
): void {
  const server = app.getHttpAdapter().getInstance();
  const serve = (path: string, type: string, read: () => string | Buffer): void => {
    let file: KeptContent | undefined;
    server.get(path, async (request, reply) => {
      file ??= new KeptContent(read(), !type.startsWith('image/'));
      const { content, coding, etag } = await file.as(codingFor(request.headers['accept-encoding']));
      void reply.headers({ ...HEADERS, ETag: etag, Vary: varyByCoding(undefined) });
      if (request.headers['if-none-match']?.includes(etag)) return reply.status(304).send();
      if (coding !== null) void reply.header('Content-Encoding', coding);
      return reply.type(type).send(content);
    });
  };

  const serverUrl = (): string => {
    const address = server.server.address();
    return serverUrlOf(config, typeof address === 'string' ? null : address);
  };
  serve('/openapi.json', 'application/json; charset=utf-8', () => JSON.stringify(buildOpenApi(serverUrl())));
  serve('/openapi-3.0.json', 'application/json; charset=utf-8', () =>
    JSON.stringify({ ...readOpenApi30(), servers: [{ url: serverUrl() }] }),
  );
  serve('/postman.json', 'application/json; charset=utf-8', () => {
    const document = buildOpenApi(serverUrl()) as unknown as ApiDocument;
    return JSON.stringify(postmanCollection(document));
  });
  serve('/postman-environment.json', 'application/json; charset=utf-8', () =>
    JSON.stringify(postmanEnvironment('Tidings', serverUrl())),
  );
  for (const { path, type, read } of [...DOCS_PAGE, ...GUIDE_PAGES]) serve(path, type, read);
  // People type the address of the service; for programs nothing is there.
  server.get('/', { config: { isUnlisted: true } }, (request, reply) => {
    void reply.header('Vary', 'Accept');
    if (!acceptsHtml(request.headers.accept)) throw new ApiError('ROUTE_NOT_FOUND', 'No such path');
    return reply.redirect('./docs');
  });
  // The page names its files relative to an address without the slash, so that a proxy may add a path.
  server.get('/docs/', (_request, reply) => reply.redirect('../docs'));
  server.get('/docs/guide', (_request, reply) => reply.redirect('./guide/index'));
  server.get('/docs/guide/', (_request, reply) => reply.redirect('./index'));
  for (const { path } of GUIDE_PAGES) {
    server.get(`${path}/`, (_request, reply) => reply.redirect(`../${path.split('/').at(-1)}`));
  }
}

function acceptsHtml(accept = ''): boolean {
  return /(?:^|,)\s*text\/html\s*(?:,|;|$)/i.test(accept);
}
