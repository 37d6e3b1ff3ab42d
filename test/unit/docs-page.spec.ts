import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { DOCS_PAGE } from '../../src/openapi/docs-page.js';

type Document = Record<string, Record<string, object>> & {
  paths: Record<string, Record<string, object>>;
  webhooks: Record<string, Record<string, object>>;
};

const document = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as Document;
const contentOf = (path: string): string => String(DOCS_PAGE.find((file) => file.path === path)!.read());

/** The function of the page's script, as the browser has it. */
function reachedFrom(path: string[]): Document {
  const script = contentOf('/docs/start.js');
  const SwaggerUIBundle = (): void => undefined;
  const reach = runInNewContext(`${script}; reachedFrom`, { SwaggerUIBundle }) as (
    path: string[],
    document: Document,
  ) => Document;
  return reach(path, document);
}

const referencesOf = (part: unknown): string[] =>
  [...JSON.stringify(part).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, reference]) => reference!);
const at = (root: unknown, names: string[]): unknown =>
  names.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], root);

describe('what the library of the page is given to resolve', () => {
  const paths = [
    ...Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ['paths', path, method]),
    ),
    ...Object.entries(document.webhooks).flatMap(([name, item]) =>
      Object.keys(item).map((method) => ['webhooks', name, method]),
    ),
    ['components', 'securitySchemes'],
    ['components', 'schemas', 'DeliveryDetail'],
  ];

  it.each(paths.map((path) => [path.join(' '), path] as const))(
    'has all that %s refers to, at its place',
    (_, path) => {
      const reached = reachedFrom(path);
      expect(at(reached, path)).toEqual(at(document, path));
      const missing = referencesOf(reached).filter((reference) => {
        const names = reference.split('/');
        expect(at(document, names)).toBeDefined();
        return at(reached, names) === undefined;
      });
      expect(missing).toEqual([]);
    },
  );

  it('is a small part of the document, and nothing of it where nothing is referred to', () => {
    const whole = JSON.stringify(document).length;
    const sizes = paths.map((path) => JSON.stringify(reachedFrom(path)).length);
    expect(Math.max(...sizes)).toBeLessThan(whole / 4);
    expect(JSON.stringify(reachedFrom(['components', 'securitySchemes'])).length).toBeLessThan(10_000);
  });

  it('leaves the document as it is', () => {
    const before = JSON.stringify(document);
    for (const path of paths) reachedFrom(path);
    expect(JSON.stringify(document)).toBe(before);
  });

  it('is whatever there is of a path that the document does not have', () => {
    expect(at(reachedFrom(['paths', '/missing', 'get']), ['paths', '/missing', 'get'])).toBeUndefined();
  });
});
