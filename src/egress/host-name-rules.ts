export interface RuleBreach {
  rule: string;
  message: string;
}

/** Names with a meaning inside a network only, or with none at all (RFC 6761, RFC 6762, RFC 8375, RFC 9476, ICANN). */
export const RESERVED_SUFFIXES: readonly string[] = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'home.arpa',
  'corp',
  'private',
  'arpa',
  'onion',
  'i2p',
  'test',
  'invalid',
  'alt',
  'localdomain',
];

/** RFC 1035 §2.3.4, in octets; the URL parser enforces neither. */
const LABEL_MAX_LENGTH = 63;
const NAME_MAX_LENGTH = 253;

/** Letters, digits and inner hyphens (RFC 1123 §2.1), in lower case as the URL parser leaves them. */
const LDH_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** With underscores, as in container networks. The URL parser lets much more through: `*`, `;`, `$(id)`. */
const FREED_LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

export function isUnder(hostname: string, suffixes: readonly string[]): boolean {
  return suffixes.some((suffix) => hostname === suffix || hostname.endsWith(`.${suffix}`));
}

/**
 * Null: no rule is broken. A last label that is a number needs no rule: the URL parser reads such a host as an IPv4
 * address or refuses it.
 *
 * @param freedHosts suffixes whose names may be short, reserved or contain underscores, as in container networks.
 */
export function breachOfHostName(hostname: string, freedHosts: readonly string[]): RuleBreach | null {
  if (hostname.endsWith('.')) {
    return { rule: 'trailing_dot', message: 'must not end its host name with a dot' };
  }
  const labels = hostname.split('.');
  if (hostname.length > NAME_MAX_LENGTH || labels.some(({ length }) => length < 1 || length > LABEL_MAX_LENGTH)) {
    const limits = `1-${LABEL_MAX_LENGTH} characters between dots and at most ${NAME_MAX_LENGTH} in all`;
    return { rule: 'host_length', message: `must have a host name with ${limits}` };
  }
  if (isUnder(hostname, freedHosts)) {
    if (labels.every((label) => FREED_LABEL.test(label))) return null;
    return {
      rule: 'host_characters',
      message: 'must have a host name of letters, digits, underscores and inner hyphens',
    };
  }
  if (!labels.every((label) => LDH_LABEL.test(label))) {
    return { rule: 'host_characters', message: 'must have a host name of letters, digits and inner hyphens' };
  }
  if (labels.length < 2) {
    return { rule: 'full_name', message: 'must have a full host name with a dot, such as hooks.example.com' };
  }
  if (isUnder(hostname, RESERVED_SUFFIXES)) {
    return { rule: 'reserved_name', message: `must have a public host name, not one under .${labels.at(-1)}` };
  }
  return null;
}
