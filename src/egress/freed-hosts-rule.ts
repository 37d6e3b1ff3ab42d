import { parse } from 'tldts';
import type { ConfigRule } from '../config/config.js';
import { SETTINGS } from '../config/settings.js';
import { isUnder, RESERVED_SUFFIXES } from './host-name-rules.js';

/**
 * In production EGRESS_ALLOW_HOSTS must not free a public suffix (`com`, `co.uk`: https://publicsuffix.org): everybody
 * can own names under it, no rule for names would check them, and the system would look up each.
 */
export const freedHostsRule: ConfigRule = ({ nodeEnv = 'production', egressAllowHosts = [] }) => {
  if (nodeEnv !== 'production') return [];
  return egressAllowHosts.filter(isPublicSuffix).map((suffix) => ({
    name: SETTINGS.egressAllowHosts.name,
    reason: `must not hold ${suffix} in production: everybody's names are under it; name the hosts that you mean`,
  }));
};

function isPublicSuffix(name: string): boolean {
  if (isUnder(name, RESERVED_SUFFIXES)) return false;
  const { publicSuffix, isIcann } = parse(name, { validateHostname: false });
  return isIcann === true && publicSuffix === name;
}
