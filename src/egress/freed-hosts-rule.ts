import { parse } from 'tldts';
import type { ConfigRule } from '../config/config.js';
import { SETTINGS } from '../config/settings.js';
import { isUnder, RESERVED_SUFFIXES } from './host-name-rules.js';

/**
 * In production EGRESS_ALLOW_HOSTS must not free a whole public suffix (`com`, `co.uk`: https://publicsuffix.org).
 * Everybody can own names under it, so they would be targets that no rule for names checks, and the system would look
 * up each. The setting is for names inside a network.
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
