import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../..');

let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tidings-test-'));
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

describe('npm run build', () => {
  beforeEach(() => {
    for (const file of [
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'tsconfig.build.json',
      'openapi-3.0.json',
      'docs/api',
      'docs/errors.md',
      'scripts',
    ]) {
      cpSync(join(REPOSITORY, file), join(checkout, file), { recursive: true });
    }
    symlinkSync(join(REPOSITORY, 'node_modules'), join(checkout, 'node_modules'));
    write('src/main.ts', 'export const answer: number = 1;');
    write('src/database/embedded/embedded-postgres.worker.ts', 'export {};');
    write('src/reencrypt-secrets.ts', 'export {};');
    write('migrations/index.ts', 'export const migrations: string[] = [];');
  });

  it('builds into a directory of its own, with package.json beside it, and links dist to it', async () => {
    expect(await build()).toMatchObject({ code: 0 });
    expect(readFileSync(join(checkout, 'dist/src/main.js'), 'utf8')).toContain('answer = 1');
    expect(existsSync(join(checkout, 'dist/src/embedded-postgres.worker.js'))).toBe(true);
    expect(existsSync(join(checkout, 'dist/package.json'))).toBe(true);
    expect(dirname(realpathSync(join(checkout, 'dist')))).toBe(realpathSync(join(checkout, '.builds')));
  });

  it('compiles nothing that is built, and leaves an older build to whoever runs it', async () => {
    await build();
    const first = realpathSync(join(checkout, 'dist'));
    const compiledAt = statSync(join(first, 'src/main.js')).mtimeMs;
    await build();
    expect(realpathSync(join(checkout, 'dist'))).toBe(first);
    expect(statSync(join(first, 'src/main.js')).mtimeMs).toBe(compiledAt);

    write('src/main.ts', 'export const answer: number = 2;');
    await build();
    expect(readFileSync(join(checkout, 'dist/src/main.js'), 'utf8')).toContain('answer = 2');
    expect(readFileSync(join(first, 'src/main.js'), 'utf8')).toContain('answer = 1');
  });

  it('keeps dist as it was when the sources have an error', async () => {
    await build();
    write('src/main.ts', `export const answer: number = 'two';`);
    const { code, stderr } = await build();
    expect(code).toBe(1);
    expect(stderr).toContain('src/main.ts(1,14): error TS2322');
    expect(readFileSync(join(checkout, 'dist/src/main.js'), 'utf8')).toContain('answer = 1');
  });

  it('can run twice at once', async () => {
    const codes = (await Promise.all([build(), build()])).map(({ code }) => code);
    expect(codes).toEqual([0, 0]);
    expect(readdirSync(join(checkout, '.builds'))).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(existsSync(join(checkout, 'dist/src/main.js'))).toBe(true);
  });

  describe('in a checkout of somebody else', () => {
    /** Nobody, where this is root, who may do everything. */
    const stranger = process.getuid!() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    // This Node may lie where nobody else may look, in the home directory of root for example.
    const node = (): string => join(checkout, 'node');
    const start = (): ReturnType<typeof run> => run([join(checkout, 'scripts/start.mjs')], stranger, node());
    const close = (): unknown => execFileSync('chmod', ['-R', 'a-w,a+rX', checkout]);

    beforeEach(async () => {
      write('src/main.ts', `console.log('started');`);
      copyFileSync(process.execPath, node(), constants.COPYFILE_FICLONE);
      await build();
    });
    afterEach(() => execFileSync('chmod', ['-R', 'u+w', checkout]));

    it('starts what is built', async () => {
      close();
      expect(await start()).toEqual({ code: 0, stdout: 'started\n', stderr: '' });
    });

    it('starts what is built, also when dist is of another build', async () => {
      rmSync(join(checkout, 'dist'));
      symlinkSync('.builds/0123456789abcdef', join(checkout, 'dist'));
      close();
      expect(await start()).toEqual({ code: 0, stdout: 'started\n', stderr: '' });
    });

    it('says in one line that it has to be built', async () => {
      write('src/main.ts', `console.log('changed');`);
      close();
      const { code, stderr } = await start();
      expect(code).toBe(1);
      expect(stderr).toBe(
        `${checkout}/ has to be built first, and this user may not write there: run "npm run build" as its owner.\n`,
      );
    });
  });

  async function build(): Promise<{ code: number; stderr: string }> {
    return run([join(checkout, 'scripts/build.mjs')]);
  }
});

describe('the installed dependencies', () => {
  const LOCKED = {
    '': {},
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
    'node_modules/two': { version: '2.0.0', integrity: 'sha512-two', dev: true },
    'node_modules/for-another-system': { version: '3.0.0', integrity: 'sha512-three', optional: true },
  };

  it.each([
    ['are enough when only those for other systems are missing', ['one', 'two'], {}, true],
    ['are not enough when there are none', null, {}, false],
    ['are not enough without those for development', ['one'], {}, false],
    ['are not enough in another version', ['one', 'two'], { version: '1.0.1' }, false],
    ['are not enough with other contents', ['one', 'two'], { integrity: 'sha512-other' }, false],
  ])('%s', async (_, names, change, isEnough) => {
    write('package-lock.json', JSON.stringify({ packages: LOCKED }));
    if (names) {
      const [one, ...others] = Object.entries(LOCKED).filter(([path]) => names.includes(path.split('/')[1] ?? ''));
      const packages = Object.fromEntries([[one![0], { ...one![1], ...change }], ...others]);
      write('node_modules/.package-lock.json', JSON.stringify({ packages }));
    }
    const { stdout } = await run([
      '--input-type=module',
      '--eval',
      `import { isInstalled } from ${JSON.stringify(join(REPOSITORY, 'scripts/install.mjs'))};
       console.log(isInstalled(${JSON.stringify(checkout)}));`,
    ]);
    expect(stdout.trim()).toBe(String(isEnough));
  });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

async function run(
  args: string[],
  user: { uid?: number; gid?: number } = {},
  node = process.execPath,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(node, args, { cwd: checkout, env: { ...process.env, NODE_OPTIONS: '' }, ...user });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...output };
}
