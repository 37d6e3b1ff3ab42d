import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { maxHeaderSize } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ERRORS } from '../../src/http/errors.js';
import { LEAST_REFUSALS, MAX_WAIT_MS } from '../../src/http/refusal-pace.js';
import { SERVER_LIMITS } from '../../src/http/server-limits.js';
import { loadConfig } from '../../src/config/config.js';
import { SETTINGS } from '../../src/config/settings.js';
import { METRICS } from '../../src/metrics/metric-table.js';
import { HOSTILE_RECEIVERS } from '../support/hostile-receivers.js';

const ROOT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'scripts/generate-docs.mjs');
const FILES = [
  '.env.example',
  'docs/configuration.md',
  'docs/errors.md',
  'docs/metrics.md',
  'docs/blocked-addresses.md',
] as const;

describe('The generated documents', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'tidings-docs-'));
    expect(run()).toMatchObject({ status: 0 });
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const run = (...flags: string[]): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, [SCRIPT, '--root', root, ...flags], { encoding: 'utf8' });
  const read = (file: (typeof FILES)[number]): string => readFileSync(join(root, file), 'utf8');

  it('pass the check as they were written', () => {
    expect(run('--check')).toMatchObject({ status: 0, stderr: '' });
  });

  it.each(FILES)('fail the check when %s was changed or is missing, with the command that mends it', (file) => {
    const path = join(root, file);
    const kept = `${path}.kept`;
    cpSync(path, kept);
    try {
      for (const spoil of [() => writeFileSync(path, `${read(file)} `), () => rmSync(path)]) {
        spoil();
        const { status, stderr } = run('--check');
        expect(status).toBe(1);
        expect(stderr).toContain(file);
        expect(stderr).toContain('npm run docs:generate');
      }
    } finally {
      cpSync(kept, path);
    }
  });

  it('name every setting', () => {
    for (const { name } of Object.values(SETTINGS)) {
      expect(read('.env.example')).toContain(`\n#${name}=`);
      expect(read('docs/configuration.md')).toContain(`\n| \`${name}\` |`);
    }
  });

  it('change nothing when .env.example is used as it is', () => {
    expect(loadConfig(parseEnv(read('.env.example')))).toEqual(loadConfig({}));
  });

  it('show defaults that are the defaults', () => {
    const withDefault = Object.values(SETTINGS).filter((setting) => setting.default !== null);
    const lines = withDefault.map(({ name }) => new RegExp(`^#(${name}=.*)$`, 'm').exec(read('.env.example'))![1]);
    expect(loadConfig(parseEnv(lines.join('\n')))).toEqual(loadConfig({}));
  });

  it('show examples of secrets that no start takes', () => {
    for (const name of ['ADMIN_TOKEN', 'ENCRYPTION_KEYS']) {
      const line = new RegExp(`^#(${name}=.*)$`, 'm').exec(read('.env.example'))![1]!;
      expect(() => loadConfig(parseEnv(line))).toThrow(name);
    }
  });

  it('list every error code with its status', () => {
    for (const [code, { status }] of Object.entries(ERRORS)) {
      expect(read('docs/errors.md')).toContain(`\n| \`${code}\` | ${status} |`);
    }
  });

  it('list every metric with its type', () => {
    for (const { name, type } of Object.values(METRICS)) {
      expect(read('docs/metrics.md')).toContain(`\n| \`${name}\` | ${type} |`);
    }
  });
});

it('The production commands of the guides give Node the options of `npm start`', () => {
  const textOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: { start: string } };
  const options = scripts.start.match(/--\S+/g)!.join(' ');
  expect(textOf('README.md')).toContain(`NODE_ENV=production node ${options} dist/src/main.js`);
  expect(textOf('docs/operations.md')).toContain(`$ node ${options} dist/src/main.js`);
});

describe('docs/security.md', () => {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const cellsOf = (line: string): string[] => line.split('|').map((cell) => cell.trim());

  it('lists every hostile receiver with what becomes of the attempt', () => {
    const rows = text.split('\n').map(cellsOf);
    const documented = new Map(rows.map(([, name = '', result = '', ends = '']) => [name, { result, ends }]));
    for (const { name, outcome, status, error, holds } of HOSTILE_RECEIVERS) {
      const result = error === null ? `${outcome}, ${status}` : `${outcome}, \`${error}\``;
      expect([name, documented.get(name)]).toEqual([name, { result, ends: holds ? 'at the deadline' : 'at once' }]);
    }
  });
});

describe('The table of what a caller may send', () => {
  const section = readFileSync(join(ROOT, 'docs/security.md'), 'utf8').split('## What a caller may send')[1]!;
  const rows = [...section.matchAll(/^\| (.*?) +\| (.*?) +\| (.*?) +\|$/gm)].slice(2);
  const WITHOUT_A_STATUS = ['closed', 'closed unanswered', `the answer waits, ${MAX_WAIT_MS / 1_000} s at most`];
  const boundOf = new Map(rows.map(([, of, bound]) => [of!, bound!]));

  it('states the limits of the server', () => {
    const seconds = (ms: number): string => `${ms / 1_000} s`;
    const count = (value: number): string => value.toLocaleString('en');
    expect(Object.fromEntries(boundOf)).toEqual({
      'time to the first byte of a connection': seconds(SERVER_LIMITS.headersTimeoutMs),
      "time from a request's first byte to the end of its headers": seconds(SERVER_LIMITS.headersTimeoutMs),
      'time for a whole request, its body included': seconds(SERVER_LIMITS.requestTimeoutMs),
      'time to the next request on a connection': seconds(SERVER_LIMITS.keepAliveTimeoutMs),
      'time without a byte in either direction': seconds(SERVER_LIMITS.silenceTimeoutMs),
      'request line and headers, and trailers': `${maxHeaderSize / 1_024} KiB`,
      headers: count(SERVER_LIMITS.maxHeaders),
      'parameters of a query': count(SERVER_LIMITS.maxQueryParameters),
      'a body': `\`${SETTINGS.maxBodyBytes.name}\``,
      // Node's own, and not to be asked for (deps/llhttp, kMaxChunkExtensionsSize).
      'chunk extensions': '16 KiB',
      'bytes of bodies under way of one token, or of one address': 'half of those in all',
      'bytes of bodies under way in all': `${SERVER_LIMITS.maxBytesOfBodies / 1_048_576} MiB, or four × \`MAX_BODY_BYTES\``,
      'requests that wait on a connection for the one before them': count(SERVER_LIMITS.maxWaitingRequests),
      '4xx of one token, or without one of one address, in 10 s': `\`${SETTINGS.rateLimitPer10s.name}\`, or ${LEAST_REFUSALS} if more`,
      'connections of one address': count(SERVER_LIMITS.maxConnectionsPerNetwork),
      'connections in all': count(SERVER_LIMITS.maxConnections),
      'file descriptors': 'what the system allows',
    });
  });

  it('states answers that there are', () => {
    const answers = rows.map(([, , , answer]) => answer!);
    expect(answers.length).toBeGreaterThan(10);
    for (const answer of answers) {
      const [, status, code = ''] = /^(\d{3}) `(\w+)`(?:, closed)?$/.exec(answer) ?? [];
      if (status === undefined) expect(WITHOUT_A_STATUS).toContain(answer);
      else expect(ERRORS[code as keyof typeof ERRORS].status).toBe(Number(status));
    }
  });
});

describe('Links between documents', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'bench/README.md',
    'clients/typescript/README.md',
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];

  it.each(documents)('of %s lead to a file and a heading that are there', (path) => {
    expect(brokenLinks(path, readFileSync(join(ROOT, path), 'utf8'))).toEqual([]);
  });

  it('are told when they do not', () => {
    const text = '# One `two`, three!\n[a](#one-two-three) [b](#one) [c](errors.md) [d](error.md) [e](errors.md#error)';
    expect(brokenLinks('docs/some.md', text)).toEqual(['#one', 'error.md', 'errors.md#error']);
  });

  function brokenLinks(path: string, text: string): string[] {
    const links = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    return links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(path, text, link));
  }

  function leadsSomewhere(path: string, text: string, link: string): boolean {
    const [file = '', heading] = link.split('#');
    const target = join(ROOT, dirname(path), file);
    if (file !== '' && !existsSync(target)) return false;
    return heading === undefined || headingsOf(file === '' ? text : readFileSync(target, 'utf8')).includes(heading);
  }

  /** As GitHub names them. */
  function headingsOf(text: string): string[] {
    return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  }

  function withoutBlocks(text: string): string {
    return text.replace(/^```[^]*?^```$/gm, '');
  }
});
