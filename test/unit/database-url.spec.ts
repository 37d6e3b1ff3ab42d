import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseAddress, parseDatabaseUrl, secretsOfDatabaseUrl } from '../../src/config/database-url.js';

const PLAIN: DatabaseAddress = {
  host: 'db',
  port: 5432,
  user: null,
  password: null,
  database: null,
  applicationName: 'tidings',
  options: null,
  tls: null,
  hasChannelBinding: false,
};
const VERIFIED = {
  isVerified: true,
  isNameVerified: true,
  authorities: null,
  certificate: null,
  key: null,
  keyPassword: null,
  isDirect: false,
};

let directory: string;
let authorities: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidings-database-url-'));
  authorities = join(directory, 'ca.pem');
  writeFileSync(authorities, 'PEM\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

const addressOf = (url: string): DatabaseAddress => {
  const parsed = parseDatabaseUrl(url);
  if (!parsed.ok) throw new Error(`refused: ${parsed.reason}`);
  return parsed.value;
};
const reasonOf = (url: string): string => {
  const parsed = parseDatabaseUrl(url);
  if (parsed.ok) throw new Error(`taken: ${JSON.stringify(parsed.value)}`);
  return parsed.reason;
};

describe('parseDatabaseUrl', () => {
  it.each<[string, Partial<DatabaseAddress>]>([
    ['postgres://db', {}],
    ['postgresql://db/', {}],
    ['postgres://db:6432/tidings', { port: 6432, database: 'tidings' }],
    ['postgres://tidings@db/tidings', { user: 'tidings', database: 'tidings' }],
    ['postgres://u:p@db/d', { user: 'u', password: 'p', database: 'd' }],
    ['postgres://u%40x:p%3A%2F%40%25@db/d%20e', { user: 'u@x', password: 'p:/@%', database: 'd e' }],
    ['postgres://u:p?q#r:s@db/d', { user: 'u', password: 'p?q#r:s', database: 'd' }],
    [
      'postgres://u:a+b@db/d?application_name=a+b',
      { user: 'u', password: 'a+b', database: 'd', applicationName: 'a+b' },
    ],
    ['postgres://[::1]:6432/d', { host: '::1', port: 6432, database: 'd' }],
    ['postgres://[fe80::1%25eth0]/d', { host: 'fe80::1%eth0', database: 'd' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/d', { host: '/var/run/postgresql', database: 'd' }],
    ['postgres:///d?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'd' }],
    ['postgres://u:p@/d?host=%2Ftmp&port=5433', { host: '/tmp', port: 5433, user: 'u', password: 'p', database: 'd' }],
    ['postgres://u:p@/d?host=db', { user: 'u', password: 'p', database: 'd' }],
    ['postgres://:6432/d?host=db', { port: 6432, database: 'd' }],
    [
      'postgres://other:1/x?host=db&port=2&user=u&password=p%26q&dbname=d',
      { port: 2, user: 'u', password: 'p&q', database: 'd' },
    ],
    ['postgres://db/d?application_name=billing', { database: 'd', applicationName: 'billing' }],
    ['postgres://db/d?options=-c%20search_path%3Dtidings', { database: 'd', options: '-c search_path=tidings' }],
    ['postgres://db?target_session_attrs=read-write&client_encoding=UTF8', {}],
    ['postgres://db?channel_binding=prefer', { hasChannelBinding: true }],
    ['postgres://db?sslmode=disable', {}],
    ['postgres://db?sslmode=require', { tls: { ...VERIFIED, isVerified: false, isNameVerified: false } }],
    [
      'postgres://db?uselibpqcompat=true&sslmode=require',
      { tls: { ...VERIFIED, isVerified: false, isNameVerified: false } },
    ],
    ['postgres://db?sslmode=verify-full', { tls: VERIFIED }],
    ['postgres://db?sslrootcert=system', { tls: VERIFIED }],
    ['postgres://db?sslmode=verify-full&sslnegotiation=direct', { tls: { ...VERIFIED, isDirect: true } }],
    // libpq does not encrypt what stays on the machine, whatever is asked for.
    ['postgres://%2Ftmp?sslmode=verify-full', { host: '/tmp' }],
  ])('takes %s', (url, address) => {
    expect(addressOf(url)).toEqual({ ...PLAIN, ...address });
  });

  it('reads certificates of private authorities, for the three modes that look at them', () => {
    const tlsOf = (mode: string) => addressOf(`postgres://db?sslmode=${mode}&sslrootcert=${authorities}`).tls;
    expect(tlsOf('verify-full')).toEqual({ ...VERIFIED, authorities: 'PEM' });
    expect(tlsOf('verify-ca')).toEqual({ ...VERIFIED, authorities: 'PEM', isNameVerified: false });
    expect(tlsOf('require')).toEqual({ ...VERIFIED, authorities: 'PEM', isNameVerified: false });
  });

  it('reads the certificate of the client with its key', () => {
    const files = `sslcert=${authorities}&sslkey=${authorities}&sslpassword=hidden`;
    expect(addressOf(`postgres://db?sslmode=verify-full&${files}`).tls).toEqual({
      ...VERIFIED,
      certificate: 'PEM',
      key: 'PEM',
      keyPassword: 'hidden',
    });
  });

  it.each([
    ['mysql://db', /must be a postgres/],
    ['postgres:db', /must be a postgres/],
    ['postgres://', /must name a host/],
    ['postgres://u:p@/d', /must name a host/],
    ['postgres://db:0/d', /port from 1 to 65535/],
    ['postgres://db:99999/d', /port from 1 to 65535/],
    ['postgres://db:5432x/d', /port from 1 to 65535/],
    ['postgres://a b/d', /must name its host/],
    ['postgres://db1,db2/d', /must name one host/],
    ['postgres://db1:1,db2:2/d?target_session_attrs=read-write', /must name one host/],
    ['postgres:///d?host=db1,db2', /must name one host/],
    ['postgres://db?host=a&port=1,2', /must name one host/],
    ['postgres://db?target_session_attrs=read-only', /any, read-write or primary as target_session_attrs/],
    ['postgres://db?target_session_attrs=prefer-standby', /any, read-write or primary as target_session_attrs/],
    ['postgres://db?channel_binding=require', /disable or prefer as channel_binding/],
    ['postgres://db?client_encoding=LATIN1', /as client_encoding/],
    ['postgres://db?sslmode=prefer', /as sslmode: allow and prefer/],
    ['postgres://db?sslmode=allow', /as sslmode: allow and prefer/],
    ['postgres://db?sslmode=no-verify', /as sslmode/],
    ['postgres://db?sslmode=verify-ca', /must have sslrootcert with sslmode=verify-ca/],
    ['postgres://db?sslmode=require&sslrootcert=system', /sslmode=verify-full with sslrootcert=system/],
    ['postgres://db?sslrootcert=/ca.pem', /sslrootcert, which needs sslmode/],
    ['postgres://db?sslnegotiation=direct', /sslnegotiation=direct, which needs sslmode/],
    ['postgres://db?sslmode=verify-full&sslcert=/c.pem', /sslcert and sslkey together/],
    [
      'postgres://db?sslmode=verify-full&sslrootcert=/absent.pem',
      /sslrootcert, which names a file that is not there: \/absent.pem/,
    ],
    ['postgres://db?ssl=true', /the parameter ssl that is unknown; there are host, port,/],
    ['postgres://db?sslMode=require', /the parameter sslMode that is unknown/],
    ['postgres://db?pgbouncer=true', /the parameter pgbouncer that is unknown/],
    ['postgres://db?statement_timeout=5', /the parameter statement_timeout that is unknown/],
    ['postgres://db?constructor=1', /the parameter constructor that is unknown/],
    ['postgres://db?connect_timeout=10', /the parameter connect_timeout, which Tidings does not take/],
    ['postgres://db?hostaddr=10.0.0.1', /the parameter hostaddr, which Tidings does not take/],
    ['postgres://db?sslmode=require&sslmode=disable', /sslmode twice/],
  ])('refuses %s by name', (url, reason) => {
    expect(reasonOf(url)).toMatch(reason);
  });

  it.each([
    'postgres://user:pass@word@db/d',
    'postgres://user:pass/word@db/d',
    'postgres://user:pass/word@db:1/d?sslmode=require',
    'postgres://user:12/word@db/d',
    'postgres://user:12/word?pass=x@db/d',
    'postgres://user:pass%word@db/d',
    'postgres://user:pass%@db/d',
    'postgres://user:pass?word=x',
    'postgres://db/d?password=pass@word',
    'postgres://db/d?password=pass%word',
    'postgres://user:pass[word@db]/d',
  ])('shows no piece of the password of %s', (url) => {
    const reason = reasonOf(url);
    for (const piece of ['pass', 'word']) {
      expect(reason.replace('user and password', '').replace('in the password', '')).not.toContain(piece);
    }
  });

  it('hides every password of what it takes, in all its spellings', () => {
    const url = 'postgres://u:p%40ss@db/d?sslmode=require&sslpassword=k%2Fey&password=o%25ther';
    const pair = (password: string): string => Buffer.from(`u:${password}`).toString('base64');
    expect(secretsOfDatabaseUrl(url)).toEqual(
      expect.arrayContaining([url, 'p%40ss', 'p@ss', 'k%2Fey', 'k/ey', 'o%25ther', 'o%ther', pair('p@ss')]),
    );
    expect(secretsOfDatabaseUrl('postgres://db/d')).toEqual(['postgres://db/d']);
  });
});
