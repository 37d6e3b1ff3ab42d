import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked, type Tokens } from 'marked';
import { PACKAGE_ROOT } from '../common/package-root.js';
import type { PageFile } from './docs-page.js';

/** In reading order: the files of docs and their names under /docs/guide. */
const FILES = {
  'api/README': 'index',
  'api/register-an-endpoint': 'register-an-endpoint',
  'api/publish-events': 'publish-events',
  'api/verify-deliveries': 'verify-deliveries',
  'api/retries': 'retries',
  'api/recover-missed-deliveries': 'recover-missed-deliveries',
  'api/migrate-from-another-sender': 'migrate-from-another-sender',
  errors: 'errors',
} as const;

/** The files come with the program, so the guide is of this version. */
export const GUIDE_PAGES: readonly PageFile[] = Object.entries(FILES).map(([file, name]) => ({
  path: `/docs/guide/${name}`,
  type: 'text/html; charset=utf-8',
  read: () => pageOf(readFileSync(join(PACKAGE_ROOT, 'docs', `${file}.md`), 'utf8'), file),
}));

function pageOf(markdown: string, file: string): string {
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? 'Guide';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title} · Tidings</title>
    <link rel="stylesheet" href="../page.css" />
    <link rel="icon" type="image/png" href="../favicon-32x32.png" />
  </head>
  <body>
    <nav><a href="../../docs">Tidings API</a> · <a href="./index">Guide</a></nav>
    <main class="guide">${rendererFor(file).parse(markdown, { async: false })}</main>
  </body>
</html>
`;
}

function rendererFor(file: string): Marked {
  return new Marked({
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const text = this.parser.parseInline(tokens);
        const target = targetOf(href, file);
        return target === null ? text : `<a href="${target}">${text}</a>`;
      },
    },
  });
}

/** As GitHub makes it, because the links of the files use it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Null: the link is not part of the guide. */
function targetOf(href: string, file: string): string | null {
  if (/^(https?:|#)/.test(href)) return href;
  const { pathname, hash } = new URL(href, `file:///${file}.md`);
  const name = FILES[pathname.slice(1).replace(/\.md$/, '') as keyof typeof FILES];
  return name === undefined ? null : `./${name}${hash}`;
}
