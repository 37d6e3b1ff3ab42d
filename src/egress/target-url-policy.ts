import { isIPv4 } from 'node:net';
import { domainToUnicode } from 'node:url';
import { parseUrl } from '../common/parse-url.js';
import type { Config } from '../config/config.js';
import { AddressRanges, isAllowedAddress } from './blocked-ranges.js';
import { breachOfHostName, type RuleBreach } from './host-name-rules.js';

export interface TargetPolicy {
  allowHttp: boolean;
  ports: readonly { from: number; to: number }[];
  /** Besides the public internet. */
  allowRanges: AddressRanges;
  /** Suffixes in lower case, exempt from the host name rules. Their addresses are still checked. */
  freedHosts: readonly string[];
}

export type TargetSettings = Pick<Config, 'egressAllow' | 'egressAllowHosts' | 'targetUrlAllowHttp' | 'targetPorts'>;

export type TargetUrlVerdict = { ok: true; url: URL } | ({ ok: false } & RuleBreach);

export const TARGET_URL_MAX_LENGTH = 2048;

export function targetPolicyOf(settings: TargetSettings): TargetPolicy {
  return {
    allowHttp: settings.targetUrlAllowHttp,
    ports: settings.targetPorts,
    allowRanges: new AddressRanges(settings.egressAllow),
    freedHosts: settings.egressAllowHosts,
  };
}

/**
 * Decides, without the network, whether a webhook may point at a URL: when it is created or changed, and before each
 * attempt. Addresses are checked at connect. The text is checked first: the WHATWG parser drops tabs and line breaks
 * and turns `\` into `/`, where other parsers differ.
 */
export function checkTargetUrl(raw: unknown, policy: TargetPolicy): TargetUrlVerdict {
  if (typeof raw !== 'string') return refusal({ rule: 'string', message: 'must be a string' });
  const textBreach = breachOfText(raw, policy);
  if (textBreach) return refusal(textBreach);
  const url = parseUrl(raw);
  if (!url || !isDecodable(url.hostname)) {
    return refusal({ rule: 'parsable', message: 'must be a URL with a valid host and port' });
  }
  const breach = breachOfEndpoint(url, policy) ?? breachOfHost(url, policy);
  return breach ? refusal(breach) : { ok: true, url };
}

/**
 * Each `xn--` label must stand for a name in Unicode (RFC 5891 §4.4). The URL parser of Node 20 refuses the others;
 * that of Node 24 does not.
 */
function isDecodable(hostname: string): boolean {
  const encoded = hostname.split('.').filter((label) => label.startsWith('xn--'));
  return encoded.every((label) => !/^(?:xn--|$)/.test(domainToUnicode(label)));
}

function refusal(breach: RuleBreach): TargetUrlVerdict {
  return { ok: false, ...breach };
}

function breachOfText(raw: string, { allowHttp }: TargetPolicy): RuleBreach | null {
  if (raw.length > TARGET_URL_MAX_LENGTH) {
    return { rule: 'length', message: `must be at most ${TARGET_URL_MAX_LENGTH} characters long` };
  }
  if (/[\u0000-\u0020\u007f-\u00a0\\\p{Surrogate}]/u.test(raw)) {
    return {
      rule: 'characters',
      message: 'must not contain spaces, control characters, backslashes or lone surrogates',
    };
  }
  if (!/^https?:\/\/[^/]/i.test(raw)) {
    return { rule: 'scheme', message: `must begin with ${allowHttp ? 'http:// or ' : ''}https:// and a host` };
  }
  if (raw.includes('#')) {
    return { rule: 'fragment', message: 'must not have a fragment (#...): it would never be sent' };
  }
  const [authority = ''] = raw.slice(raw.indexOf('//') + 2).split(/[/?]/, 1);
  if (authority.includes('@')) {
    return { rule: 'credentials', message: 'must not carry a user name or password before the host' };
  }
  if (authority.includes('%')) {
    return { rule: 'percent_encoded_host', message: 'must write its host without percent-encoding' };
  }
  return null;
}

function breachOfEndpoint(url: URL, policy: TargetPolicy): RuleBreach | null {
  if (url.protocol !== 'https:' && !policy.allowHttp) {
    return { rule: 'https', message: 'must use https' };
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (!policy.ports.some(({ from, to }) => from <= port && port <= to)) {
    const ports = policy.ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
    return { rule: 'port', message: `must use an allowed port (${ports}), not ${port}` };
  }
  return null;
}

/**
 * The parsed host is what is connected to: octal, hexadecimal and short IPv4 addresses are already dotted quads, and a
 * Unicode name is in ASCII (UTS 46, non-transitional).
 */
function breachOfHost({ hostname }: URL, policy: TargetPolicy): RuleBreach | null {
  const isIpv6 = hostname.startsWith('[');
  if (!isIpv6 && !isIPv4(hostname)) return breachOfHostName(hostname, policy.freedHosts);
  if (isAllowedAddress(isIpv6 ? hostname.slice(1, -1) : hostname, policy.allowRanges)) return null;
  return { rule: 'address', message: 'must not point at a private, local or reserved address' };
}
