import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { nodeDirectory } from '../../scripts/ci/npm-binaries.mjs';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { useService } from '../support/process.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGE = join(ROOT, 'clients/typescript');
const MODULES = join(ROOT, 'node_modules');
const TSC = join(MODULES, 'typescript/bin/tsc');

/** What is downloaded, and what lies in node_modules. */
const PACKED_MAX_BYTES = 45_000;
const UNPACKED_MAX_BYTES = 280_000;

/** Above what the compiler needs on two busy cores. */
const COMMAND_DEADLINE_MS = 120_000;

const NODES = {
  18: () => join(nodeDirectory(18), 'node'),
  'that runs the tests': () => process.execPath,
  24: () => join(nodeDirectory(24), 'node'),
};

const PROJECTS = {
  'an ES module': { type: 'module', module: 'node16', moduleResolution: 'node16' },
  CommonJS: { type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
  'a bundle': { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
} as const;

interface Packed {
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

let directory: string;
let tarball: string;
let packed: Packed;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tidings-client-'));
  // Not in the checkout: others may pack it at the same time.
  const stage = join(directory, 'stage');
  mkdirSync(stage);
  for (const file of ['package.json', 'README.md', 'LICENSE']) copyFileSync(join(PACKAGE, file), join(stage, file));
  await run(process.execPath, [join(PACKAGE, 'build.mjs'), join(stage, 'dist')], PACKAGE);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', directory];
  [packed] = JSON.parse(await run('npm', args, stage)) as [Packed];
  tarball = join(
    directory,
    readdirSync(directory).find((name) => name.endsWith('.tgz'))!,
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the package', () => {
  it('holds what is needed and nothing else, and is small', () => {
    process.stdout.write(`@tidings/client: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked\n`);
    expect(packed.size).toBeLessThan(PACKED_MAX_BYTES);
    expect(packed.unpackedSize).toBeLessThan(UNPACKED_MAX_BYTES);
    const others = packed.files.map(({ path }) => path).filter((path) => !/^dist\/.*\.d\.(ts|cts)$/.test(path));
    expect(others.sort()).toEqual(['LICENSE', 'README.md', 'dist/index.cjs', 'dist/index.js', 'package.json']);
  });

  it('is to the liking of publint and attw', async () => {
    const publint = await run(process.execPath, [join(MODULES, 'publint/src/cli.js'), tarball, '--strict'], directory);
    expect(publint).toContain('All good!');
    const attw = [join(MODULES, '@arethetypeswrong/cli/dist/index.js'), tarball, '--format', 'ascii', '--no-color'];
    expect(await run(process.execPath, attw, directory)).toContain('No problems found');
  });
});

describe('the installed package', () => {
  const service = useService();
  const projects = {} as Record<keyof typeof PROJECTS, string>;

  beforeAll(async () => {
    for (const [name, project] of Object.entries(PROJECTS)) {
      projects[name as keyof typeof PROJECTS] = await compiled(join(directory, name.replaceAll(' ', '-')), project);
    }
  });

  describe.each(Object.keys(PROJECTS) as (keyof typeof PROJECTS)[])('in %s', (project) => {
    it.each(Object.keys(NODES) as (keyof typeof NODES)[])('does what it promises on the Node %s', async (node) => {
      const { token } = await service.tenant();
      const program = projects[project];
      const output = await run(NODES[node](), [program], directory, { BASE_URL: service.url, TOKEN: token });
      expect(JSON.parse(output)).toEqual({
        node: node === 'that runs the tests' ? process.versions.node.split('.')[0] : node,
        isSame: true,
        listsAll: true,
        pages: 3,
        firstPage: { items: 2, hasMore: true },
        batch: ['record:deleted', 'sync_job_run:failed'],
        received: ['created é😀', 'record:deleted', 'record:updated', 'test of a webhook'],
        refused: [],
        attempts: ['succeeded 204'],
        notSubscribed: 'not_subscribed',
        kind: 'api_token',
        types: EVENT_TYPE_NAMES.length,
        // Of the four that came: tests do not count.
        succeeded: 2,
        missed: 0,
        isActive: false,
        deleted: true,
        errors: [
          '404 WEBHOOK_NOT_FOUND  with an id',
          '400 TARGET_URL_NOT_ALLOWED target_url with an id',
          '403 FORBIDDEN  with an id',
          '401 UNAUTHORIZED  with an id',
          'TidingsConnectionError',
        ],
        retried: { tries: 3, keys: 1, waitedMs: expect.any(Number) as number },
      });
      const { retried } = JSON.parse(output) as { retried: { waitedMs: number } };
      expect(retried.waitedMs).toBeGreaterThanOrEqual(990);
    });
  });
});

/** A project that has the package and nothing else, with the program compiled in it. */
async function compiled(
  project: string,
  { type, module, moduleResolution }: (typeof PROJECTS)[keyof typeof PROJECTS],
): Promise<string> {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type }));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project);
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@tidings']);
  cpSync(join(ROOT, 'test/clients/typescript/main.ts'), join(project, 'main.ts'));
  const options = {
    target: 'es2022',
    lib: ['es2022'],
    module,
    moduleResolution,
    types: ['node'],
    // Of the package itself, too.
    skipLibCheck: false,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    typeRoots: [join(MODULES, '@types')],
    outDir: 'out',
  };
  // Top-level await, which they have, is for modules.
  const examples = type === 'module' ? readmeExamples(project) : [];
  const files = ['main.ts', ...examples];
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
  await run(process.execPath, [TSC], project);
  const program = join(project, 'out/main.js');
  if (moduleResolution !== 'bundler') return program;
  const bundled = join(project, 'out/bundle.mjs');
  const flags = ['--bundle', '--platform=node', '--format=esm', `--outfile=${bundled}`, '--log-level=warning'];
  await run(join(MODULES, '.bin/esbuild'), [program, ...flags], project);
  rmSync(join(project, 'node_modules'), { recursive: true });
  return bundled;
}

/** The code of README as files: that which receives, and all of that which sends as one. */
function readmeExamples(project: string): string[] {
  const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
  const [receive, ...send] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(send).toHaveLength(3);
  writeFileSync(join(project, 'receive.ts'), receive!);
  writeFileSync(join(project, 'send.ts'), ['declare const id: string;\n', ...send].join(''));
  return ['receive.ts', 'send.ts'];
}

/** What it says; when it fails, or takes too long, all of that is in the error. */
async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  try {
    const options = { cwd, env: { PATH, HOME, NO_COLOR: '1', ...env }, timeout: COMMAND_DEADLINE_MS };
    const { stdout } = await promisify(execFile)(command, args, options);
    return stdout;
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`, { cause: error });
  }
}
