import type pg from 'pg';
import { type DatabaseAddress, type DatabaseTls, parseDatabaseUrl } from '../config/database-url.js';

/**
 * Every member is set: for a missing one pg reads its own variables (PGSSLMODE, PGAPPNAME, …). pg also reads a URL
 * differently from libpq.
 *
 * @throws when the settings would not accept the URL.
 */
export function clientConfigOf(url: string): pg.ClientConfig {
  const parsed = parseDatabaseUrl(url);
  if (!parsed.ok) throw new Error(`The URL of the database ${parsed.reason}`);
  const { host, port, applicationName, tls, hasChannelBinding }: DatabaseAddress = parsed.value;
  const { user, password, database, options } = parsed.value;
  return {
    host,
    port,
    ...(user !== null && { user }),
    ...(password !== null && { password }),
    ...(database !== null && { database }),
    ...(options !== null && { options }),
    application_name: applicationName,
    ssl: tls === null ? false : tlsOptionsOf(tls),
    ...(tls?.isDirect && { sslnegotiation: 'direct' }),
    enableChannelBinding: hasChannelBinding,
  };
}

function tlsOptionsOf(tls: DatabaseTls): NonNullable<Exclude<pg.ClientConfig['ssl'], boolean>> {
  const { isVerified, isNameVerified, authorities, certificate, key, keyPassword } = tls;
  return {
    rejectUnauthorized: isVerified,
    ...(!isNameVerified && { checkServerIdentity: (): undefined => undefined }),
    ...(authorities !== null && { ca: authorities }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
    ...(keyPassword !== null && { passphrase: keyPassword }),
  };
}
