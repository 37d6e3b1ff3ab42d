import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { resolve } from 'node:path';
import { type Browser, chromium, type Locator, type Page, type Response } from 'playwright-core';
import { findChromium } from '../../scripts/programs.mjs';
import { fetchDocument, type CreatedWebhook, type Page as ListPage, type Webhook } from '../support/client.js';
import { useService } from '../support/process.js';
import { useServers } from '../support/servers.js';

/** Loading and resolving the document has taken 15 s on two cores that were busy with other tests. */
const PATIENCE_MS = 60_000;
const ARTIFACTS = resolve(import.meta.dirname, '../../artifacts');

describe('Swagger UI in a browser', () => {
  // What an operator has open to others; the pages are the same in development (test/integration/http.spec.ts).
  const service = useService({ env: { NODE_ENV: 'production', HOST: '127.0.0.1' } });
  const listen = useServers();
  let browser: Browser;

  beforeAll(async () => {
    const executablePath = findChromium();
    if (executablePath === null) {
      throw new Error(
        'There is no Chromium on PATH, nor where CHROMIUM says. Install one (Debian: apt-get install ' +
          '--no-install-recommends chromium fonts-dejavu-core), or let CHROMIUM name its executable.',
      );
    }
    browser = await chromium.launch({ executablePath });
  });

  afterAll(() => browser?.close());

  it('authorises, creates a webhook, and is still authorised after a reload', async () => {
    const { token } = await service.tenant();
    const visit = await Visit.begin(browser, `${service.url}/docs`);
    await visit.authorise(token);

    const create = await visit.open('#operations-Webhooks-createWebhook');
    await create.getByRole('button', { name: 'Try it out' }).click();
    const created = await visit.execute<CreatedWebhook>(create);
    expect(created.status).toBe(201);
    expect(Object.keys(created.body).sort()).toEqual([
      'created_at',
      'environment_id',
      'event_types',
      'id',
      'is_active',
      'secret',
      'target_url',
      'updated_at',
    ]);
    await visit.keepScreenshot(create.locator('.responses-wrapper'), 'swagger-ui.png', [token, created.body.secret]);

    await visit.page.reload();
    const list = await visit.open('#operations-Webhooks-listWebhooks');
    await list.getByRole('button', { name: 'Try it out' }).click();
    const listed = await visit.execute<ListPage<Webhook>>(list);
    expect(listed.status).toBe(200);
    expect(listed.body.result.map(({ id }) => id)).toEqual([created.body.id]);
    await visit.end();
  });

  it.each([1280, 390])(
    'shows the secret that is shown once, and nothing wider than the window of %s',
    async (width) => {
      const { token } = await service.tenant();
      const visit = await Visit.begin(browser, `${service.url}/docs`, width);
      expect(await visit.overhangPx()).toBe(0);
      await visit.page.locator('.auth-wrapper .authorize').click();
      const told = await visit.page.locator('.dialog-ux').innerText();
      expect(told).toContain('.data/api-token');
      expect(told).toContain('ADMIN_TOKEN');
      expect(await visit.overhangPx()).toBe(0);
      await visit.page.locator('.dialog-ux .close-modal').click();
      await visit.authorise(token);

      const create = await visit.open('#operations-Webhooks-createWebhook');
      await create.getByRole('button', { name: 'Try it out' }).click();
      expect(await visit.overhangPx()).toBe(0);
      const { status, body } = await visit.execute<CreatedWebhook>(create);
      expect(status).toBe(201);
      expect(await visit.overhangPx()).toBe(0);
      expect(await visit.hiddenPartsOf(body.secret)).toEqual([]);
      await visit.keepScreenshot(create.locator('.responses-wrapper'), `swagger-ui-${width}.png`, [token, body.secret]);
      await visit.end();
    },
  );

  it('leads to the guide, which is readable in a small window, and to what tools need', async () => {
    const visit = await Visit.begin(browser, `${service.url}/docs`, 390);
    const hrefs = await visit.page
      .locator('nav a')
      .evaluateAll((links: { href: string }[]) => links.map(({ href }) => href));
    expect(hrefs.length).toBe(12);
    for (const href of hrefs) expect((await visit.page.request.get(href)).status()).toBe(200);
    for (const href of hrefs.filter((one) => one.includes('/docs/guide/'))) {
      await visit.page.goto(href);
      expect(await visit.page.locator('.guide h1').innerText()).not.toBe('');
      expect({ href, overhangPx: await visit.overhangPx() }).toEqual({ href, overhangPx: 0 });
    }
    await visit.end();
  });

  it('loads half a megabyte until the first operation is there, and no map of sources', async () => {
    const visit = await Visit.begin(browser, `${service.url}/docs`);
    const ms = Math.round(await visit.page.evaluate<number>('performance.now()'));
    const sizes = await Promise.all(visit.answers.map(async (one) => (await one.request().sizes()).responseBodySize));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    // The time is of a machine and of what else it does: it is kept to be read (docs/performance.md), and bounds nothing.
    writeArtifact('swagger-ui-first-operation.json', JSON.stringify({ ms, bytes }));
    expect(bytes).toBeLessThan(550_000);
    expect(visit.requests.filter((url) => url.endsWith('.map'))).toEqual([]);
    await visit.end();
  });

  it('tries a request out with nothing in it that its user did not put there', async () => {
    const { token } = await service.tenant();
    const visit = await Visit.begin(browser, `${service.url}/docs`);
    await visit.authorise(token);
    const publish = await visit.open('#operations-Events-publishEvent');
    await publish.getByRole('button', { name: 'Try it out' }).click();
    const [first, second] = [
      await visit.execute<{ id: string }>(publish),
      await visit.execute<{ id: string }>(publish),
    ];
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.id).not.toBe(first.body.id);
    const list = await visit.open('#operations-Events-listEvents');
    await list.getByRole('button', { name: 'Try it out' }).click();
    const listed = await visit.execute<ListPage<{ id: string }>>(list);
    expect(listed.body.result.map(({ id }) => id)).toEqual([second.body.id, first.body.id]);
    await visit.end();
  });

  it('opens the operation that a link names, with a slash too many as well', async () => {
    const visit = await Visit.begin(browser, `${service.url}/docs/#/Webhooks/createWebhook`);
    const opened = visit.page.locator('.opblock.is-open');
    await opened.locator('.opblock-body').waitFor();
    expect(await opened.getAttribute('id')).toBe('operations-Webhooks-createWebhook');
    expect(visit.page.url()).toBe(`${service.url}/docs#/Webhooks/createWebhook`);
    await visit.end();
  });

  it('shows what receivers are sent, and leads to the document', async () => {
    const visit = await Visit.begin(browser, `${service.url}/docs`);
    const document = await fetchDocument(service.url);
    expect(await visit.page.locator('.webhooks .opblock').count()).toBe(Object.keys(document.webhooks!).length);
    const link = await visit.page.locator('.info a.link', { hasText: 'openapi.json' }).getAttribute('href');
    const answer = await visit.page.request.get(new URL(link!, visit.page.url()).href);
    expect(await answer.json()).toEqual(document);
    await visit.end();
  });

  it('runs no script that is not its own', async () => {
    const visit = await Visit.begin(browser, `${service.url}/docs`);
    const refused = await visit.page.evaluate<string>(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.planted = true';
      document.body.append(script);
      if (window.planted) resolve('nothing');
    })`);
    expect(refused).toBe('script-src-elem');
    expect(visit.complaints()).toEqual([expect.stringContaining('Content Security Policy')]);
    await visit.page.close();
  });

  it('sends requests to where the page came from, behind a proxy with another port and a path', async () => {
    const target = new URL(service.url);
    const proxy = createServer((incoming, outgoing) => {
      const { method, headers } = incoming;
      const path = incoming.url!.replace(/^\/hooks(?=\/)/, '');
      const onward = request({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(onward);
    });
    const url = `http://127.0.0.1:${(await listen(proxy)).port}/hooks`;
    const visit = await Visit.begin(browser, `${url}/docs`);
    const live = await visit.open('#operations-Health-getHealthLiveness');
    await live.getByRole('button', { name: 'Try it out' }).click();
    expect((await visit.execute(live)).status).toBe(200);
    expect(visit.requests).toContain(`${url}/health/live`);
    await visit.end();
  });
});

function writeArtifact(name: string, text: string): void {
  mkdirSync(ARTIFACTS, { recursive: true });
  writeFileSync(resolve(ARTIFACTS, name), text);
}

/** One tab with storage of its own. It keeps what the page asked for and what the browser complained of. */
class Visit {
  readonly requests: string[] = [];
  readonly answers: Response[] = [];
  private readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly origin: string,
  ) {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('request', (asked) => this.requests.push(asked.url()));
    page.on('response', (answer) => this.answers.push(answer));
    page.on('pageerror', ({ message }) => this.errors.push(message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.errors.push(message.text());
    });
  }

  /** Resolves when the operations are there. */
  static async begin(browser: Browser, url: string, width = 1280): Promise<Visit> {
    const visit = new Visit(await browser.newPage({ viewport: { width, height: 1100 } }), new URL(url).origin);
    await visit.page.goto(url);
    await visit.page.locator('.opblock').first().waitFor();
    return visit;
  }

  /** Requests to others, and errors and warnings of the console; violations of the policy are among these. */
  complaints(): string[] {
    const elsewhere = this.requests.filter((url) => !url.startsWith(`${this.origin}/`) && !url.startsWith('data:'));
    return [...elsewhere, ...this.errors];
  }

  async end(): Promise<void> {
    expect(this.complaints()).toEqual([]);
    await this.page.context().close();
  }

  async authorise(token: string): Promise<void> {
    await this.page.locator('.auth-wrapper .authorize').click();
    const dialog = this.page.locator('.dialog-ux');
    await dialog.getByRole('textbox').fill(token);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.locator('.btn-done').click();
  }

  async open(operation: string): Promise<Locator> {
    const block = this.page.locator(operation);
    await block.locator('.opblock-summary-control').click();
    return block;
  }

  /** Presses Execute, and reads what is shown as the answer. */
  async execute<Body>(block: Locator): Promise<{ status: number; body: Body }> {
    const answers = this.page.waitForResponse((response) => response.request().resourceType() === 'fetch');
    await block.getByRole('button', { name: 'Execute' }).click();
    const requestId = await (await answers).headerValue('x-request-id');
    const shown = block.locator('.live-responses-table .response', { hasText: requestId! });
    const status = await shown.locator('.response-col_status').innerText();
    const body = await shown.locator('.highlight-code code').first().innerText();
    return { status: Number(status), body: JSON.parse(body) as Body };
  }

  /** By how much the page is wider than the window: then it moves sideways. */
  overhangPx(): Promise<number> {
    return this.page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  }

  /** What lies over the text where it stands, or is outside of the window, at five places of each of its lines. */
  hiddenPartsOf(text: string): Promise<string[]> {
    return this.page.evaluate<string[]>(`(() => {
      const text = ${JSON.stringify(text)};
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode() && !texts.currentNode.data.includes(text));
      const node = texts.currentNode;
      const from = node.data.indexOf(text);
      if (from < 0) return ['it is not there'];
      node.parentElement.scrollIntoView({ block: 'center' });
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, from + text.length);
      const places = [...range.getClientRects()].flatMap(({ left, top, width, height }) =>
        [0.02, 0.25, 0.5, 0.75, 0.98].map((part) => document.elementFromPoint(left + part * width, top + height / 2)));
      return places.filter((element) => !element?.contains(node)).map((element) => element?.outerHTML ?? 'outside');
    })()`);
  }

  /** Puts a picture of what stands at the place among the artefacts, with the secrets taken out. */
  async keepScreenshot(place: Locator, name: string, secrets: string[]): Promise<void> {
    const rest = await this.page.evaluate<string>(`(() => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        for (const secret of ${JSON.stringify(secrets)}) {
          texts.currentNode.data = texts.currentNode.data.replaceAll(secret, '…');
        }
      }
      return document.body.innerText;
    })()`);
    for (const secret of secrets) expect(rest).not.toContain(secret);
    mkdirSync(ARTIFACTS, { recursive: true });
    await place.evaluate((element: { scrollIntoView(): void }) => element.scrollIntoView());
    await this.page.screenshot({ path: resolve(ARTIFACTS, name) });
  }
}
