import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { parseUrl } from '../common/parse-url.js';
import { parseAddressRange } from './address-range.js';
import { accepted, refused, type SettingType } from './setting-type.js';
import { isTakenHeader } from './taken-headers.js';
import { secretsOfKeyedUrl, secretsOfUrl } from './url-secrets.js';

/** Both included. */
export interface PortRange {
  from: number;
  to: number;
}

/** RFC 1035 §2.3.4: 63 octets a label, 253 characters a name. Underscores occur in names of private networks. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;
const ENDS_IN_NUMBER = /(^|\.)(\d+|0x[\da-f]*)$/i;

/** RFC 9110 §5.6.2, `token`. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/i;

/**
 * `localhost` becomes the first of its addresses: for the name Fastify would open two servers, and the second would
 * lack HttpAdapter's limits.
 */
export function listenAddress(): SettingType<string> {
  return {
    form: 'IP address or host name',
    parse: (text) => {
      if (text.toLowerCase() === 'localhost') return accepted('127.0.0.1');
      const isGood = isIP(text) || (HOST_NAME.test(text) && !ENDS_IN_NUMBER.test(text));
      return isGood ? accepted(text) : refused('must be an IP address or a host name');
    },
  };
}

export function addressRange(): SettingType<string> {
  return {
    form: 'IP address or CIDR range',
    parse: (text) => {
      const parsed = parseAddressRange(text);
      if (!parsed.ok) return parsed;
      return accepted(text.includes('/') ? text : `${text}/${parsed.value.prefix}`);
    },
  };
}

/** Stands for itself and all names under it. In lower case and in ASCII, as the URL parser returns it. */
export function hostSuffix(): SettingType<string> {
  return {
    form: 'host name',
    parse: (text) => {
      // Characters that end a host in a URL would be cut off.
      const name = /[/?#\\%]/.test(text) ? '' : domainToASCII(text);
      return HOST_NAME.test(name) && !ENDS_IN_NUMBER.test(name)
        ? accepted(name)
        : refused('must be a host name without wildcard, port or leading dot; it covers the names under it too');
    },
  };
}

export function portRange(): SettingType<PortRange> {
  return {
    form: 'port or range of ports, 1 to 65535',
    parse: (text) => {
      const [, first, last = first] = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(text) ?? [];
      const range = { from: Number(first), to: Number(last) };
      return range.from <= range.to && range.to <= 65_535
        ? accepted(range)
        : refused('must be a port or a range of ports such as 1024-65535, within 1 to 65535');
    },
  };
}

export function proxyUrl(): SettingType<string> {
  return {
    form: '`http://` or `https://` URL of a proxy',
    parse: (text) => {
      const url = parseUrl(text);
      if (!url || !/^https?:\/\//i.test(text)) return refused('must be an http:// or https:// URL');
      if (!isDecodable(url.username) || !isDecodable(url.password)) {
        return refused('must have valid percent-encoding in its credentials');
      }
      return url.pathname === '/' && url.search === '' && url.hash === ''
        ? accepted(text)
        : refused('must name a scheme, a host and a port, with credentials at most, and no path');
    },
    secretsIn: secretsOfUrl,
  };
}

/** The address for clients, with the path that a proxy puts before all paths; without a slash at its end. */
export function publicUrl(): SettingType<string> {
  return {
    form: '`https://` or `http://` URL',
    parse: (text) => {
      const url = /^https?:\/\/[^/?#]/i.test(text) ? parseUrl(text) : null;
      if (!url) return refused('must be an https:// or http:// URL');
      const isPlain = url.username === '' && url.password === '' && !/[?#]/.test(text);
      return isPlain
        ? accepted(url.href.replace(/\/+$/, ''))
        : refused('must name a scheme, a host and a path at most: no credentials, query or fragment');
    },
    secretsIn: secretsOfUrl,
  };
}

/** Kept as written. The egress policy, which includes other settings, decides which URLs are allowed. */
export function targetUrl(): SettingType<string> {
  return {
    form: '`https://` URL',
    parse: (text) =>
      /^https?:\/\//i.test(text) && parseUrl(text) ? accepted(text) : refused('must be an https:// URL'),
    secretsIn: secretsOfKeyedUrl,
  };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export function addedHeaderName(): SettingType<string> {
  return {
    form: 'header name',
    parse: (text) => {
      if (!HEADER_NAME.test(text)) return refused('must be a header name of at most 128 characters (RFC 9110 §5.6.2)');
      return isTakenHeader(text)
        ? refused('must not be a header that has a meaning of its own in HTTP, to proxies or in Standard Webhooks')
        : accepted(text);
    },
  };
}
