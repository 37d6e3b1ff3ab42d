import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type Block, blocksOf, readPage } from '../support/guide-page.js';
import { Service, useService } from '../support/process.js';
import { freePort } from '../support/program.js';
import { runDirectory } from '../support/run-directory.js';
import { ShellSession } from '../support/shell-session.js';
import { ShownAnswers } from '../support/shown-answer.js';
import { until } from '../support/wait.js';

/**
 * Follows the pages of docs/api as a reader does, block after block in one shell: `sh` is typed, `js` and `python` are
 * run, or saved as the file that the comment above them names, and `json` and `text` are what the block before printed.
 * Only the ports differ: 3000 is this test's service, 4000 to 4009 are free ones.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const INDEX = 'docs/api/README.md';
const PAGES = readdirSync(join(ROOT, 'docs/api'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/api/${name}`);
/** The section of the index that every page goes on from. */
const BEGIN = 'Begin';
/** What only reads is typed again until its answer is as shown: a delivery takes a moment. */
const READ = /^(curl(?!.* (-X|-d|--data|--json))|cat|tail) /s;
const READ_DEADLINE_MS = 30_000;
const IN_BACKGROUND = / > (\S+) &$/gm;

class Reader {
  private readonly shell: ShellSession;
  private readonly answers = new ShownAnswers();
  private readonly ports = new Map<string, number>();
  private last: { code: string; output: string } | null = null;

  private constructor(
    private readonly directory: string,
    servicePort: number,
  ) {
    this.shell = new ShellSession(directory);
    this.ports.set('3000', servicePort);
  }

  /** Somebody in Tidings' own directory, with a token for an environment of their own. */
  static async start(service: Service): Promise<Reader> {
    const directory = mkdtempSync(join(runDirectory(), 'reader-'));
    mkdirSync(join(directory, '.data'));
    writeFileSync(join(directory, '.data/admin-token'), service.adminToken);
    writeFileSync(join(directory, '.data/api-token'), (await service.tenant()).token);
    mkdirSync(join(directory, 'node_modules/@tidings'), { recursive: true });
    for (const [name, from] of [
      ['standardwebhooks', join(ROOT, 'node_modules/standardwebhooks')],
      ['@tidings/client', clientPackage()],
    ] as const) {
      symlinkSync(from, join(directory, 'node_modules', name));
    }
    const reader = new Reader(directory, Number(new URL(service.url).port));
    for (let port = 4000; port < 4010; port++) reader.ports.set(String(port), await freePort());
    return reader;
  }

  async follow(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      try {
        await this.do(block);
      } catch (error) {
        throw new Error(`${block.where}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  close(): Promise<void> {
    return this.shell.close();
  }

  private async do({ language, file, code }: Block): Promise<void> {
    if (file !== null) this.save(file, code);
    else if (language === 'json' || language === 'text') await this.compare(language, code);
    else if (language === 'sh') await this.run(code);
    else if (language === 'js') await this.runFile('node', 'sample.mjs', code);
    else if (language === 'python') await this.runFile('python3', 'sample.py', code);
    else throw new Error(`a block in ${language} needs a file`);
  }

  private save(file: string, code: string): void {
    const path = join(this.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${this.withRealPorts(code)}\n`);
  }

  private async runFile(program: string, file: string, code: string): Promise<void> {
    this.save(file, code);
    await this.run(`${program} ${file}`);
  }

  private async run(code: string): Promise<void> {
    this.last = { code, output: await this.shell.run(this.withRealPorts(code)) };
    // Nobody types so fast that a program in the background has not made its log yet.
    for (const [, log] of code.matchAll(IN_BACKGROUND)) {
      await until(`${log} to be there`, () => existsSync(join(this.directory, log!)));
    }
  }

  private async compare(language: 'json' | 'text', shown: string): Promise<void> {
    if (this.last === null) throw new Error('there is no block before it that printed this');
    const { code } = this.last;
    let { output } = this.last;
    this.last = null;
    const difference = (): string | null => this.answers.differenceOf(language, shown, this.withShownPorts(output));
    if (difference() === null) return;
    if (!READ.test(code)) throw new Error(`${difference()}\n${output}`);
    await until(
      'the answer to be as shown',
      async () => {
        output = await this.shell.run(this.withRealPorts(code));
        return difference() === null;
      },
      READ_DEADLINE_MS,
      () => `${difference()}\n${output}`,
    );
  }

  private withRealPorts(code: string): string {
    return code.replace(/\b(3000|400\d)\b/g, (port) => String(this.ports.get(port)));
  }

  private withShownPorts(output: string): string {
    let text = output;
    for (const [shown, real] of this.ports) text = text.replaceAll(`localhost:${real}`, `localhost:${shown}`);
    return text;
  }
}

/** The built client. That its package can be installed is for its own tests. */
function clientPackage(): string {
  const directory = join(runDirectory(), 'guide-client');
  if (existsSync(directory)) return directory;
  const source = join(ROOT, 'clients/typescript');
  mkdirSync(directory);
  cpSync(join(source, 'package.json'), join(directory, 'package.json'));
  const build = [join(source, 'build.mjs'), join(directory, 'dist')];
  const { status, stderr } = spawnSync(process.execPath, build, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the client could not be built\n${stderr}`);
  return directory;
}

/** The page's own settings, if it has some: they are in a block that is saved as `.env`. */
function settingsOf(blocks: readonly Block[]): Record<string, string> | null {
  const settings = blocks.find(({ file }) => file === '.env');
  return settings ? (parseEnv(settings.code) as Record<string, string>) : null;
}

describe('The guide in docs/api', () => {
  const service = useService();

  async function follow(page: string, text = readPage(page)): Promise<void> {
    const blocks = blocksOf(page, text);
    const begin = page === INDEX ? [] : blocksOf(INDEX).filter(({ section }) => section === BEGIN);
    const env = settingsOf(blocks);
    const own = env && new Service({ env });
    await own?.start();
    const reader = await Reader.start(own ?? service);
    try {
      await reader.follow([...begin, ...blocks]);
    } finally {
      await reader.close();
      await own?.stop();
    }
  }

  it.each(PAGES)('%s: every command runs, and every answer is as shown', async (page) => {
    await follow(page);
  });

  it.each(PAGES)('%s: what is saved is used, and no block is left out', (page) => {
    const text = readPage(page);
    const blocks = blocksOf(page, text);
    expect(blocks.length * 2).toBe(text.match(/^\s*(```|~~~)/gm)?.length);
    expect(blocks.some(({ language }) => language === 'sh')).toBe(true);
    const typed = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
    const saved = blocks.flatMap(({ file }) => (file === null || file === '.env' ? [] : [file]));
    expect(saved.filter((file) => !typed.some((code) => code.includes(file)))).toEqual([]);
  });

  it('has an index that links to every page', () => {
    const index = readPage(INDEX);
    const linked = [...index.matchAll(/\]\(([a-z-]+\.md)\)/g)].map(([, name]) => `docs/api/${name}`);
    expect([...new Set([INDEX, ...linked])].sort()).toEqual(PAGES.toSorted());
  });

  describe('that is wrong', () => {
    const PAGE = 'docs/api/wrong.md';
    const answered = `\`\`\`sh\necho '{ "kind": "api_token" }'\n\`\`\`\n\n\`\`\`json\n`;

    it.each([
      ['an answer as it is', `${answered}{ "kind": "api_token" }\n\`\`\``, null],
      [
        'another answer',
        `${answered}{ "kind": "admin" }\n\`\`\``,
        /wrong.md:5: the answer.kind is "api_token", the page/,
      ],
      ['a command that fails', '\n```sh\ncurl -s nowhere://\n```', /wrong.md:2: it ended with status \d+/],
      ['a variable that nobody set', '```sh\necho "$WEBHOOK"\n```', /wrong.md:1: .*\n.*WEBHOOK: unbound variable/],
      ['a program that fails', '```python\nimport requestz\n```', /wrong.md:1: .*No module named 'requestz'/s],
      ['an answer to nothing', '```json\n{}\n```', /wrong.md:1: there is no block before it/],
      ['a language that is not run', '```ruby\nputs 1\n```', /wrong.md:1: "```ruby" begins a block/],
      ['a block within a list', '- so:\n  ```sh\n  false\n  ```', /wrong.md:2: "  ```sh" begins a block/],
    ])('is told by the line: %s', async (_, text, message) => {
      const followed = follow(PAGE, text);
      await (message === null ? expect(followed).resolves.toBeUndefined() : expect(followed).rejects.toThrow(message));
    });
  });
});
