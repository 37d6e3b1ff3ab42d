import { isIPv4 } from 'node:net';
import type { Config } from '../config/config.js';
import { AddressRanges, isAllowedAddress } from './blocked-ranges.js';
import { breachOfHostName, type RuleBreach } from './host-name-rules.js';

/** What a webhook's target URL may be. */
export interface TargetPolicy {
  allowHttp: boolean;
  ports: readonly { from: number; to: number }[];
  /** Ranges opened beside the public internet. */
  allowRanges: AddressRanges;
  /** Host suffixes, lower case, that the host name rules leave alone. Their addresses are still checked. */
  freedHosts: readonly string[];
}

/** The settings that a target policy is made of. */
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
 * Decides without the network whether a webhook may point at a URL: when it is created or changed, and again before
 * each attempt. What its name resolves to is checked at connect. The text is looked at first, because the WHATWG parser
 * repairs what other parsers read differently: it drops tabs and line breaks and turns `\` into `/`.
 */
export function checkTargetUrl(raw: unknown, policy: TargetPolicy): TargetUrlVerdict {
  if (typeof raw !== 'string') return refusal({ rule: 'string', message: 'must be a string' });
  const textBreach = breachOfText(raw);
  if (textBreach) return refusal(textBreach);
  if (!URL.canParse(raw)) {
    return refusal({ rule: 'parsable', message: 'must be a URL with a valid host and port' });
  }
  const url = new URL(raw);
  const breach = breachOfEndpoint(url, policy) ?? breachOfHost(url, policy);
  return breach ? refusal(breach) : { ok: true, url };
}

function refusal(breach: RuleBreach): TargetUrlVerdict {
  return { ok: false, ...breach };
}

function breachOfText(raw: string): RuleBreach | null {
  if (raw.length > TARGET_URL_MAX_LENGTH) {
    return { rule: 'length', message: `must be at most ${TARGET_URL_MAX_LENGTH} characters long` };
  }
  if (/[\u0000-\u0020\u007f-\u00a0\\\p{Surrogate}]/u.test(raw)) {
    return {
      rule: 'characters',
      message: 'must not contain spaces, control characters, backslashes or lone surrogates',
    };
  }
  if (!/^https?:\/\/[^/]/.test(raw)) {
    return { rule: 'scheme', message: 'must begin with https:// and a host' };
  }
  if (raw.includes('#')) {
    return { rule: 'fragment', message: 'must not have a fragment (#...): it would never be sent' };
  }
  const [authority = ''] = raw.slice(raw.indexOf('//') + 2).split(/[/?]/, 1);
  if (authority.includes('@')) {
    return { rule: 'credentials', message: 'must not carry a user name or password before the host' };
  }
  if (/[^\u0021-\u007e]|%/.test(authority)) {
    return { rule: 'ascii_host', message: 'must write its host in ASCII without percent-encoding (an IDN as xn--...)' };
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

/** Looks at the host as parsed: octal, hexadecimal and short spellings of an IPv4 address are dotted quads by now. */
function breachOfHost({ hostname }: URL, policy: TargetPolicy): RuleBreach | null {
  const isIpv6 = hostname.startsWith('[');
  if (!isIpv6 && !isIPv4(hostname)) return breachOfHostName(hostname, policy.freedHosts);
  if (isAllowedAddress(isIpv6 ? hostname.slice(1, -1) : hostname, policy.allowRanges)) return null;
  return { rule: 'address', message: 'must not point at a private, local or reserved address' };
}
