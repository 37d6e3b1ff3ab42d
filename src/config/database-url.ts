import { accepted, type Parsed, refused } from './setting-type.js';
import { readTextFile } from './text-file.js';

export interface DatabaseAddress {
  /** A name, an IP address without brackets, or the directory of a Unix socket. */
  host: string;
  port: number;
  user: string | null;
  password: string | null;
  database: string | null;
  applicationName: string;
  /** Command-line options for the session, such as `-c search_path=tidings`. */
  options: string | null;
  tls: DatabaseTls | null;
  /** Binds the password to the encryption where the server offers it (SCRAM-SHA-256-PLUS). */
  hasChannelBinding: boolean;
}

export interface DatabaseTls {
  isVerified: boolean;
  /** The certificate must also be for the name of the host. */
  isNameVerified: boolean;
  /** PEM; null: the authorities that Node.js knows. */
  authorities: string | null;
  certificate: string | null;
  key: string | null;
  keyPassword: string | null;
  /** Starts encryption at once, without asking for it (PostgreSQL 17). */
  isDirect: boolean;
}

export const APPLICATION_NAME = 'tidings';
const DEFAULT_PORT = 5432;

/** The values of `sslmode`, as in libpq, and their meaning here. Those that silently fall back are left out. */
export const SSL_MODES = {
  disable: 'No encryption. The default, and the only one through a Unix socket.',
  require: 'Encrypted, but whoever answers is believed. With `sslrootcert` as `verify-ca`.',
  'verify-ca': 'The certificate must be from an authority in `sslrootcert`, which is required.',
  'verify-full':
    'The certificate must also be for the host of the URL. Without `sslrootcert` the public authorities that Node.js knows count, with those in NODE_EXTRA_CA_CERTS.',
} as const;
type SslMode = keyof typeof SSL_MODES;

export const DATABASE_URL_PARAMETERS = {
  host: 'The host, or the directory of its Unix socket. It wins over the host before the path, as do the four after it.',
  port: 'The port; 5432 by default.',
  user: 'The user; by default that of the process.',
  password: 'The password.',
  dbname: 'The database; by default named like the user.',
  sslmode: 'See above.',
  sslrootcert:
    'A file with the authorities in PEM, for a private one. `system`: those that Node.js knows; only with `verify-full`.',
  sslcert: 'A file with the certificate of the client in PEM, where the server asks for one. With `sslkey`.',
  sslkey: 'A file with the key to it.',
  sslpassword: 'The password of that key.',
  sslnegotiation: '`postgres` (default), or `direct`: encrypted from the first byte, on PostgreSQL 17 or newer.',
  channel_binding:
    '`prefer` uses SCRAM-SHA-256-PLUS where the server offers it; `disable` is the default. `require` is refused: it cannot be insisted on.',
  application_name: 'How the sessions are named in `pg_stat_activity`; `tidings` by default.',
  options: 'Options of the sessions, such as `-c search_path=tidings`. PgBouncer refuses them.',
  target_session_attrs:
    '`any`, `read-write` or `primary`. There is one host, and Tidings writes: the others are refused.',
  client_encoding: '`UTF8`, which it is anyway.',
} as const;
type Parameter = keyof typeof DATABASE_URL_PARAMETERS;

/** Parameters of libpq that are not supported here. Any other unknown name is a typing error. */
const NOT_TAKEN = new Set([
  'hostaddr',
  'passfile',
  'require_auth',
  'connect_timeout',
  'fallback_application_name',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'replication',
  'gssencmode',
  'sslcompression',
  'sslcertmode',
  'sslcrl',
  'sslcrldir',
  'sslkeylogfile',
  'sslsni',
  'requirepeer',
  'requiressl',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
  'min_protocol_version',
  'max_protocol_version',
  'krbsrvname',
  'gsslib',
  'gssdelegation',
  'scram_client_key',
  'scram_server_key',
  'service',
  'servicefile',
  'load_balance_hosts',
]);

const TAKES_ONE_HOST =
  'must name one host: several are not tried in turn. Name an address that always leads to the primary, such as that of a pooler or proxy';
const ENCODE = 'cannot be read: encode the characters @ : / ? # % in its user and password as %40 %3A %2F %3F %23 %25';
const HOST = /^[\w.-]+$/;
const IPV6 = /^[\da-f:.]+(%[\w.-]+)?$/i;

/** Splits a URL where libpq does: user and password end at the first `@` before a `/`. */
const FORM = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s;

/**
 * Parses a connection URL (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). A part
 * without effect here is refused by name, so that nobody believes it is used. No reason contains a piece of a possible
 * password.
 */
export function parseDatabaseUrl(text: string): Parsed<DatabaseAddress> {
  try {
    return accepted(addressOf(text));
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message);
    throw error;
  }
}

class Refusal extends Error {}

function refuse(reason: string): never {
  throw new Refusal(reason);
}

function addressOf(text: string): DatabaseAddress {
  const [whole, user, password, hosts = '', database, query = ''] = FORM.exec(text) ?? [];
  if (whole === undefined) {
    refuse('must be a postgres:// or postgresql:// URL; leave it out for the embedded engine');
  }
  // Another @, and the text after it, could be part of a password.
  if ([hosts, database ?? '', query].some((part) => part.includes('@')) || database?.includes('/')) refuse(ENCODE);
  const written = hostAndPort(hosts);
  const given = parametersOf(query);
  const [host, port] = overridden(written, given);
  refuseMisfits(given);
  return {
    host,
    port,
    user: given.get('user') || decoded(user) || null,
    password: given.get('password') || decoded(password) || null,
    database: given.get('dbname') || decoded(database) || null,
    applicationName: given.get('application_name') || APPLICATION_NAME,
    options: given.get('options') || null,
    tls: host.startsWith('/') ? null : tlsOf(given),
    hasChannelBinding: given.get('channel_binding') === 'prefer',
  };
}

function decoded(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return refuse(ENCODE);
  }
}

/** A `+` is a plus: this is not a form. */
function parametersOf(query: string): Map<Parameter, string> {
  const given = new Map<Parameter, string>();
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name, value] = [pair.split('=', 1)[0]!, pair.slice(pair.indexOf('=') + 1)];
    // It asks the pg library for the meaning that sslmode has here anyway.
    if (pair === 'uselibpqcompat=true') continue;
    if (NOT_TAKEN.has(name)) refuse(`has the parameter ${name}, which Tidings does not take`);
    if (!pair.includes('=') || !Object.hasOwn(DATABASE_URL_PARAMETERS, name)) {
      const shown = /^\w{1,40}$/.test(name) ? `the parameter ${name}` : 'a parameter';
      refuse(`has ${shown} that is unknown; there are ${Object.keys(DATABASE_URL_PARAMETERS).join(', ')}`);
    }
    const parameter = name as Parameter;
    if (given.has(parameter)) refuse(`has the parameter ${name} twice`);
    given.set(parameter, decoded(value));
  }
  return given;
}

type HostAndPort = [host: string, port: string];

/** Either can be empty. Checked before any parameter is named: it could contain a password. */
function hostAndPort(hosts: string): HostAndPort {
  if (hosts.includes(',')) refuse(TAKES_ONE_HOST);
  const [whole, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(hosts) ?? [];
  if (whole === undefined) refuse(ENCODE);
  if (port !== '') portOf(port);
  return [decoded(bracketed ?? plain), port];
}

function overridden([writtenHost, writtenPort]: HostAndPort, given: ReadonlyMap<Parameter, string>): [string, number] {
  const host = given.get('host') || writtenHost;
  const port = given.get('port') || writtenPort;
  if (host.includes(',') || port.includes(',')) refuse(TAKES_ONE_HOST);
  if (host === '') refuse('must name a host');
  if (!host.startsWith('/') && !HOST.test(host) && !IPV6.test(host)) {
    refuse('must name its host by a name, an IP address or the path of a directory');
  }
  return [host, port === '' ? DEFAULT_PORT : portOf(port)];
}

function portOf(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  return refuse('must have a port from 1 to 65535; a / in the password has to be %2F');
}

function refuseMisfits(given: ReadonlyMap<Parameter, string>): void {
  const choose = (name: Parameter, choices: readonly string[], why: string): void => {
    const value = given.get(name);
    if (value !== undefined && !choices.includes(value)) {
      refuse(`must have ${choices.join(', ').replace(/, (?=[^,]*$)/, ' or ')} as ${name}${why}`);
    }
  };
  choose('target_session_attrs', ['any', 'read-write', 'primary'], ': Tidings writes');
  choose('channel_binding', ['disable', 'prefer'], ': it cannot be insisted on');
  choose('sslnegotiation', ['postgres', 'direct'], '');
  choose('client_encoding', ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'], '');
  choose('sslmode', Object.keys(SSL_MODES), ': allow and prefer, which can end up without encryption, are not taken');
}

function tlsOf(given: ReadonlyMap<Parameter, string>): DatabaseTls | null {
  const root = given.get('sslrootcert') ?? null;
  // As in libpq: a client that trusts every known authority must check the name.
  const mode = (given.get('sslmode') ?? (root === 'system' ? 'verify-full' : 'disable')) as SslMode;
  const [certificate, key] = [given.get('sslcert'), given.get('sslkey')];
  const isDirect = given.get('sslnegotiation') === 'direct';
  if (mode === 'disable') {
    for (const name of ['sslrootcert', 'sslcert', 'sslkey'] as const) {
      if (given.has(name)) refuse(`has ${name}, which needs sslmode=verify-full, verify-ca or require`);
    }
    if (isDirect) refuse('has sslnegotiation=direct, which needs sslmode=verify-full, verify-ca or require');
    return null;
  }
  if (root === 'system' && mode !== 'verify-full') refuse('must have sslmode=verify-full with sslrootcert=system');
  if (mode === 'verify-ca' && root === null) refuse('must have sslrootcert with sslmode=verify-ca');
  if ((certificate === undefined) !== (key === undefined)) refuse('must have sslcert and sslkey together');
  return {
    isVerified: mode !== 'require' || root !== null,
    isNameVerified: mode === 'verify-full',
    authorities: root === null || root === 'system' ? null : fileOf('sslrootcert', root),
    certificate: certificate === undefined ? null : fileOf('sslcert', certificate),
    key: key === undefined ? null : fileOf('sslkey', key),
    keyPassword: given.get('sslpassword') ?? null,
    isDirect,
  };
}

function fileOf(name: Parameter, path: string): string {
  const read = readTextFile(path);
  return read.ok ? read.value : refuse(`has ${name}, which ${read.reason}`);
}

/** The URL itself and its passwords, in the spellings of errors and logs. */
export function secretsOfDatabaseUrl(text: string): string[] {
  const [, user = '', password = '', , , query = ''] = FORM.exec(text) ?? [];
  const raw = query.split('&').filter((pair) => /^(ssl)?password=/.test(pair));
  const passwords = [password, ...raw.map((pair) => pair.slice(pair.indexOf('=') + 1))].filter((each) => each !== '');
  const pairs = passwords.map((each) => Buffer.from(`${decoded(user)}:${decoded(each)}`).toString('base64'));
  return [text, ...passwords, ...passwords.map(decoded), ...pairs];
}
