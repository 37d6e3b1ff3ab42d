import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { welcome } from '../../src/welcome.js';

describe('welcome', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tidings-welcome-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  const textWith = (...files: string[]): string => {
    for (const file of files) writeFileSync(join(dataDir, file), '');
    return welcome(dataDir, '3000');
  };

  it('names the tokens that were made, and what to type next', () => {
    const text = textWith('admin-token', 'api-token');
    expect(text).toContain('/admin-token\n');
    expect(text).toContain('/api-token\n');
    expect(text).toContain('npm run listen');
    expect(text).toContain('curl -X POST http://localhost:3000/event');
  });

  it.each([
    ['an admin token that was given', ['api-token'], 'admin-token'],
    ['an API token that is not there', ['admin-token'], 'api-token'],
  ])('does not name the file of %s', (_, files, absent) => {
    const text = textWith(...files);
    expect(text).not.toContain(absent);
    expect(text).toContain(`/${files[0]}`);
  });

  it('says where the documentation is, whatever is missing', () => {
    expect(textWith()).toBe('\n  Tidings is ready. API documentation: http://localhost:3000/docs\n\n');
  });
});
