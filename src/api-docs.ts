import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { buildOpenApi } from './openapi.js';

/** Of https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/; the rest stays as it is there. */
const OPTIONS = {
  dom_id: '#swagger-ui',
  url: 'openapi.json',
  // The address names the operation that is open.
  deepLinking: true,
  // A token outlives the page, in the browser's storage.
  persistAuthorization: true,
  displayRequestDuration: true,
  filter: true,
  // A hundred schemas: each is shown where it is used, too.
  defaultModelsExpandDepth: 0,
  // No request leaves for a validator.
  validatorUrl: null,
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tidings API</title>
    <link rel="stylesheet" href="./docs/swagger-ui.css" />
    <link rel="stylesheet" href="./docs/index.css" />
    <link rel="icon" type="image/png" href="./docs/favicon-32x32.png" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="./docs/swagger-ui-bundle.js"></script>
    <script src="./docs/start.js"></script>
  </body>
</html>
`;

/** What the page needs of the package. */
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'index.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};
const PACKAGE = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/**
 * The page holds a token, so it runs no script but these files, speaks to nobody but this service, and is shown in
 * nobody's frame.
 */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The style sheet has its icons in itself.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  // Kept, but asked for anew each time: an upgrade shows at once.
  'Cache-Control': 'no-cache',
};

/**
 * Serves the OpenAPI document, and Swagger UI with all that it needs from the package beside us. The page is our own
 * because that of `SwaggerModule` has styles and a copy of the document in itself, and shows no link to the document. Each file
 * has a route, so that any other path is none, whatever dots and slashes are in it.
 */
export function serveApiDocs(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const serve = (path: string, type: string, read: () => string | Buffer): void => {
    let file: ReturnType<typeof withTag> | undefined;
    server.get(path, (request, reply) => {
      file ??= withTag(read());
      void reply.headers({ ...HEADERS, ETag: file.etag });
      if (request.headers['if-none-match']?.includes(file.etag)) return reply.status(304).send();
      return reply.type(type).send(file.content);
    });
  };

  serve('/openapi.json', 'application/json; charset=utf-8', () => JSON.stringify(buildOpenApi(app)));
  serve('/docs', 'text/html; charset=utf-8', () => PAGE);
  serve('/docs/start.js', 'text/javascript; charset=utf-8', () => `SwaggerUIBundle(${JSON.stringify(OPTIONS)});`);
  for (const [name, type] of Object.entries(ASSETS)) {
    serve(`/docs/${name}`, type, () => readFileSync(join(PACKAGE, name)));
  }
  // The page names its files relative to an address without the slash, so that a proxy may put a path before all.
  server.get('/docs/', (_request, reply) => reply.redirect('../docs'));
}

/** As bytes, which are sent as they are: of text they would be made for each answer, 0.4 MB of the document. */
function withTag(text: string | Buffer): { content: Buffer; etag: string } {
  const content = Buffer.from(text);
  return { content, etag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
