import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../../src/config/environment.js';

describe('readEnvironment', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidings-env-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const file = (text: string): string => {
    const path = join(directory, '.env');
    writeFileSync(path, text);
    return path;
  };

  it('is the environment itself where there is no file', () => {
    expect(readEnvironment({ PORT: '1' }, join(directory, '.env'))).toEqual({ PORT: '1' });
  });

  it('adds what only the file has', () => {
    const path = file('# a comment\nPORT=4000\nSIGNATURE_HEADER="X-Signed # by us"\n');
    expect(readEnvironment({ HOST: '::' }, path)).toEqual({
      HOST: '::',
      PORT: '4000',
      SIGNATURE_HEADER: 'X-Signed # by us',
    });
  });

  it('lets a variable that is set win, also when it is set to nothing', () => {
    const path = file('PORT=4000\nEGRESS_ALLOW=10.0.0.0/8\n');
    expect(readEnvironment({ PORT: '5000', EGRESS_ALLOW: '' }, path)).toEqual({ PORT: '5000', EGRESS_ALLOW: '' });
  });

  it('takes an empty value in the file as given', () => {
    expect(readEnvironment({}, file('EGRESS_ALLOW=\n'))).toEqual({ EGRESS_ALLOW: '' });
  });

  it('fails on a file that it cannot read', () => {
    expect(() => readEnvironment({}, directory)).toThrow('EISDIR');
  });
});
