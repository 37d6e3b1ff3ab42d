import { readdirSync } from 'node:fs';
import { DOCS_PAGE } from '../../src/openapi/docs-page.js';
import { GUIDE_PAGES } from '../../src/openapi/guide-pages.js';

const contents = new Map(GUIDE_PAGES.map(({ path, read }) => [path, String(read())]));
const linksOf = (html: string): string[] => [...html.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href!);

describe('the guide, as pages', () => {
  it('has every page of docs/api', () => {
    const files = readdirSync(new URL('../../docs/api', import.meta.url)).filter((name) => name.endsWith('.md'));
    const names = files.map((name) => `/docs/guide/${name === 'README.md' ? 'index' : name.replace('.md', '')}`);
    expect([...contents.keys()].toSorted()).toEqual([...names, '/docs/guide/errors'].toSorted());
  });

  it.each([...contents.keys()])('leads from %s to what is there, and to no file of the repository', (path) => {
    const html = contents.get(path)!;
    const links = linksOf(html).filter((href) => !/^https?:/.test(href));
    expect(links.length).toBeGreaterThan(1);
    for (const href of links) {
      const { pathname, hash } = new URL(href, `http://here${path}`);
      if (pathname === '/docs') continue;
      const target = contents.get(pathname);
      expect({ href, isThere: target !== undefined }).toEqual({ href, isThere: true });
      if (hash !== '')
        expect({ href, html: target }).toMatchObject({ html: expect.stringContaining(`id="${hash.slice(1)}"`) });
    }
    expect(html).not.toContain('.md"');
  });

  it('shows samples as they are, tables and no script', () => {
    const html = contents.get('/docs/guide/index')!;
    expect(html).toContain('<table>');
    expect(html).toContain('curl -s');
    for (const text of contents.values()) expect(text).not.toMatch(/<script|="javascript:/i);
  });

  it('is what the page of the API leads to, all of it', () => {
    const page = String(DOCS_PAGE.find(({ path }) => path === '/docs')!.read());
    const linked = linksOf(page)
      .map((href) => new URL(href, 'http://here/docs').pathname)
      .filter((pathname) => pathname.startsWith('/docs/guide/'));
    expect(linked.toSorted()).toEqual([...contents.keys()].toSorted());
  });
});
