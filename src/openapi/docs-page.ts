import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/; the others keep their defaults. */
const OPTIONS = {
  dom_id: '#swagger-ui',
  url: 'openapi.json',
  // The address names the open operation.
  deepLinking: true,
  // The browser's storage keeps a token when the page closes.
  persistAuthorization: true,
  displayRequestDuration: true,
  filter: true,
  // There are a hundred schemas, and each is also shown where it is used.
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
};

/**
 * For OpenAPI 3.1 the library converts the whole document each time that it resolves a part, which takes seconds. So it
 * gets only what the part refers to. The page's rules allow requests only to the address from which it was opened; the
 * one in the document may be another name of the same service.
 */
const START = `function reachedFrom(path, document) {
  const components = {};
  const visit = (part) => {
    if (typeof part !== 'object' || part === null) return;
    const [, , kind, name] = typeof part.$ref === 'string' ? part.$ref.split('/') : [];
    if (kind && components[kind]?.[name] === undefined) {
      components[kind] = { ...components[kind], [name]: document.components[kind][name] };
      visit(components[kind][name]);
    }
    Object.values(part).forEach(visit);
  };
  const part = path.reduce((node, name) => node?.[name], document);
  visit(part);
  const reached = { ...document, paths: {}, webhooks: {}, components };
  const parent = path.slice(0, -1).reduce((node, name) => (node[name] ??= {}), reached);
  parent[path.at(-1)] = part;
  return reached;
}

const resolvingWhatIsReached = {
  afterLoad() {
    const { resolveSubtree } = this.fn;
    this.fn.resolveSubtree = (document, path, ...rest) => resolveSubtree(reachedFrom(path, document), path, ...rest);
  },
};

SwaggerUIBundle({
  ...${JSON.stringify(OPTIONS)},
  plugins: [resolvingWhatIsReached],
  responseInterceptor: (response) => {
    if (response.ok && new URL(response.url).pathname.endsWith('/openapi.json')) {
      const server = { url: new URL('.', response.url).href };
      response.text = JSON.stringify({ ...JSON.parse(response.text), servers: [server] });
    }
    return response;
  },
});
`;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tidings API</title>
    <link rel="stylesheet" href="./docs/swagger-ui.css" />
    <link rel="stylesheet" href="./docs/index.css" />
    <link rel="stylesheet" href="./docs/page.css" />
    <link rel="icon" type="image/png" href="./docs/favicon-32x32.png" />
  </head>
  <body>
    <nav>
      <p>
        Guide: <a href="./docs/guide/index">Begin</a> · <a href="./docs/guide/register-an-endpoint">Register an endpoint</a> ·
        <a href="./docs/guide/publish-events">Publish events</a> · <a href="./docs/guide/verify-deliveries">Verify deliveries</a> ·
        <a href="./docs/guide/retries">Retries</a> · <a href="./docs/guide/recover-missed-deliveries">Recover</a> ·
        <a href="./docs/guide/migrate-from-another-sender">Migrate</a> · <a href="./docs/guide/errors">Errors</a>
      </p>
      <p>
        For your tools: <a href="./openapi.json">OpenAPI 3.1</a> · <a href="./openapi-3.0.json">OpenAPI 3.0</a> ·
        <a href="./postman.json">Postman collection</a> · <a href="./postman-environment.json">its environment</a>
      </p>
    </nav>
    <div id="swagger-ui"></div>
    <script src="./docs/swagger-ui-bundle.js"></script>
    <script src="./docs/start.js"></script>
  </body>
</html>
`;

const STYLE = `nav {
  max-width: 1420px;
  margin: 0 auto;
  padding: 10px 20px 0;
  font: 14px/1.5 sans-serif;
}
nav p {
  margin: 6px 0;
}
nav a,
.guide a {
  color: #1565c0;
}
/* The buttons on an answer lie over its last lines: the secret that is shown once stood under them. */
.swagger-ui .responses-wrapper .highlight-code > pre {
  padding-bottom: 56px !important;
}
/* The document has no links between operations, and the column for them is wider than a small window. */
.swagger-ui .response-col_links {
  display: none;
}
.swagger-ui .responses-table {
  table-layout: fixed;
}
.swagger-ui .responses-table .response-col_status {
  width: 76px;
  min-width: 0;
}
.swagger-ui .response-col_description {
  overflow-wrap: anywhere;
}
.guide {
  max-width: 860px;
  margin: 0 auto;
  padding: 0 20px 40px;
  font: 16px/1.55 sans-serif;
  color: #222;
  overflow-wrap: break-word;
}
.guide pre {
  padding: 12px;
  overflow-x: auto;
  background: #f3f4f6;
}
.guide code {
  font-size: 14px;
}
.guide table {
  display: block;
  overflow-x: auto;
  border-collapse: collapse;
}
.guide th,
.guide td {
  padding: 4px 10px;
  border: 1px solid #ccc;
  text-align: left;
  vertical-align: top;
}
`;

const PACKAGE = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const ofPackage = (name: string) => (): Buffer => readFileSync(join(PACKAGE, name));

export interface PageFile {
  path: string;
  type: string;
  read: () => string | Buffer;
}

/**
 * Swagger UI's files are from the package. The page is our own: that of `SwaggerModule` contains styles and a copy of
 * the document, and no link to it.
 */
export const DOCS_PAGE: readonly PageFile[] = [
  { path: '/docs', type: 'text/html; charset=utf-8', read: () => PAGE },
  { path: '/docs/start.js', type: 'text/javascript; charset=utf-8', read: () => START },
  { path: '/docs/page.css', type: 'text/css; charset=utf-8', read: () => STYLE },
  { path: '/docs/swagger-ui.css', type: 'text/css; charset=utf-8', read: ofPackage('swagger-ui.css') },
  { path: '/docs/index.css', type: 'text/css; charset=utf-8', read: ofPackage('index.css') },
  {
    path: '/docs/swagger-ui-bundle.js',
    type: 'text/javascript; charset=utf-8',
    read: ofPackage('swagger-ui-bundle.js'),
  },
  { path: '/docs/favicon-32x32.png', type: 'image/png', read: ofPackage('favicon-32x32.png') },
];
