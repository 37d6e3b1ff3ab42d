import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const JEST = join(ROOT, 'node_modules/jest/bin/jest.js');

/** The test files of a project, as Jest itself finds them. */
function filesOf(project: string): string[] {
  const args = ['--experimental-vm-modules', JEST, '--listTests', '--json', '--selectProjects', project];
  const listed = execFileSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const files = JSON.parse(listed.slice(listed.indexOf('['))) as string[];
  return files.map((file) => relative(ROOT, file));
}

describe('the projects of jest.config.mjs', () => {
  it('have every test file once, but for the stories that run on both engines', () => {
    const [embedded, ...others] = ['embedded', 'unit', 'edge', 'statements', 'stories'].map(filesOf);
    const once = others.flat();
    expect(once.filter((file, index) => once.indexOf(file) !== index)).toEqual([]);
    const twice = embedded!.filter((file) => once.includes(file));
    expect(twice.filter((file) => !/^test\/(e2e|contract)\//.test(file))).toEqual([]);

    const all = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.spec.ts') && !/^(clients|soak)\//.test(file))
      .map((file) => join('test', file));
    expect(new Set([...once, ...embedded!])).toEqual(new Set(all));
  });
});
