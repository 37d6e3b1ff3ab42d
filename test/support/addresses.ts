import fc from 'fast-check';

/** An IPv4 address from its 32 bits. */
export function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** The 32 bits of a dotted quad. */
export function bitsOf(address: string): number {
  return address.split('.').reduce((bits, octet) => bits * 256 + Number(octet), 0);
}

/** An IPv6 address from its eight groups, none left out. */
export function expandedIpv6(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
}

/** Addresses of a CIDR range, its first and last among them. */
export function addressIn(cidr: string): fc.Arbitrary<string> {
  const [network = '', prefix = ''] = cidr.split('/');
  return network.includes(':') ? ipv6In(network, Number(prefix)) : ipv4In(network, Number(prefix));
}

function ipv4In(network: string, prefix: number): fc.Arbitrary<string> {
  return fc.nat({ max: 2 ** (32 - prefix) - 1 }).map((host) => dotted(bitsOf(network) + host));
}

function ipv6In(network: string, prefix: number): fc.Arbitrary<string> {
  const [head = '', tail = ''] = network.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const base = [...head, ...zeros, ...tail].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
  return fc.bigInt({ min: 0n, max: (1n << BigInt(128 - prefix)) - 1n }).map((host) => {
    const bits = base + host;
    return expandedIpv6([7, 6, 5, 4, 3, 2, 1, 0].map((group) => Number((bits >> BigInt(16 * group)) & 0xffffn)));
  });
}
