import fc from 'fast-check';
import {
  AddressRanges,
  BLOCKED_IPV4_RANGES,
  BLOCKED_IPV6_RANGES,
  isAllowedAddress,
} from '../../src/egress/blocked-ranges.js';
import { addressIn, dotted, expandedIpv6 } from '../support/addresses.js';

const nothing = new AddressRanges([]);
const isAllowed = (address: string): boolean => isAllowedAddress(address, nothing);

describe('isAllowedAddress', () => {
  it.each(['8.8.8.8', '93.184.215.14', '1.1.1.1', '172.32.0.1', '100.128.0.1', '223.255.255.255', '168.63.129.17'])(
    'opens the public IPv4 address %s',
    (address) => {
      expect(isAllowed(address)).toBe(true);
    },
  );

  it.each(['2606:2800:21f:cb07:6820:80da:af6b:8b2c', '2001:200::1', '2a00:1450:4001::1', '2606:4700::1111%eth0'])(
    'opens the public IPv6 address %s',
    (address) => {
      expect(isAllowed(address)).toBe(true);
    },
  );

  it.each([...BLOCKED_IPV4_RANGES, ...BLOCKED_IPV6_RANGES])('refuses every address of $cidr: $reason', ({ cidr }) => {
    fc.assert(
      fc.property(addressIn(cidr), (address) => !isAllowed(address)),
      { numRuns: 50 },
    );
  });

  it.each([
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['IPv4-compatible', '::8.8.8.8'],
    ['IPv4-mapped', '::ffff:8.8.8.8'],
    ['IPv4-mapped, in hexadecimal', '::ffff:808:808'],
    ['IPv4-translated', '::ffff:0:8.8.8.8'],
    ['NAT64', '64:ff9b::8.8.8.8'],
    ['local NAT64', '64:ff9b:1::8.8.8.8'],
    ['discard', '100::1'],
    ['dummy', '100:0:0:1::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['6to4', '2002:808:808::1'],
    ['segment routing', '5f00::1'],
    ['unallocated', '4000::1'],
    ['unallocated below', '1::1'],
    ['unique local', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
  ])('refuses %s IPv6, even around a public IPv4 address', (_, address) => {
    expect(isAllowed(address)).toBe(false);
  });

  it('opens of IPv6 only 2000::/3', () => {
    const outside = fc
      .tuple(
        fc.integer({ min: 0, max: 0xffff }),
        fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 }),
      )
      .filter(([first]) => first < 0x2000 || first > 0x3fff)
      .map(([first, rest]) => expandedIpv6([first, ...rest]));
    fc.assert(fc.property(outside, (address) => !isAllowed(address)));
  });

  it('does not depend on the spelling of an IPv6 address', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(groups, fc.constantFrom(0x2001, 0x2002, 0x2606, 0x3fff, 0xfd00, 0), (rest, first) => {
        const expanded = expandedIpv6([first, ...rest.slice(1)]);
        const compressed = new URL(`http://[${expanded}]/`).hostname.slice(1, -1);
        const verdicts = [expanded, expanded.toUpperCase(), compressed, `${compressed}%1`].map(isAllowed);
        expect(new Set(verdicts).size).toBe(1);
      }),
    );
  });

  it.each([
    '',
    'localhost',
    'example.com',
    '8.8.8',
    '8.8.8.8.8',
    '08.8.8.8',
    '0x8.8.8.8',
    '134744072',
    '8.8.8.8%eth0',
    '[2606::1]',
    ' 8.8.8.8',
    '8.8.8.8/32',
    '2606::1/128',
  ])('refuses what is not an address: "%s"', (text) => {
    expect(isAllowed(text)).toBe(false);
    expect(isAllowedAddress(text, new AddressRanges(['0.0.0.0/0', '::/0']))).toBe(false);
  });
});

describe('the ranges of EGRESS_ALLOW', () => {
  it('open exactly what they name', () => {
    const allow = new AddressRanges(['127.0.0.0/8', 'fd00::/8']);
    expect(isAllowedAddress('127.1.2.3', allow)).toBe(true);
    expect(isAllowedAddress('fd12:3456::1', allow)).toBe(true);
    expect(isAllowedAddress('fd12:3456::1%eth0', allow)).toBe(true);
    expect(isAllowedAddress('10.0.0.1', allow)).toBe(false);
    expect(isAllowedAddress('fc00::1', allow)).toBe(false);
    expect(isAllowedAddress('8.8.8.8', allow)).toBe(true);
  });

  it('do not open the IPv6 forms of an IPv4 range, nor the IPv4 form of a mapped one', () => {
    const ipv4 = new AddressRanges(['127.0.0.0/8']);
    for (const form of ['::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::']) {
      expect(isAllowedAddress(form, ipv4)).toBe(false);
    }
    const mapped = new AddressRanges(['::ffff:7f00:0/104']);
    expect(isAllowedAddress('127.0.0.1', mapped)).toBe(false);
    expect(isAllowedAddress('::ffff:127.0.0.1', mapped)).toBe(true);
  });

  it.each(['127.0.0.1', '127.0.0.0/33', '10.0.0.0/', '10.0.0.0/8x', 'localhost/8', '*', ''])('refuse "%s"', (cidr) => {
    expect(() => new AddressRanges([cidr])).toThrow();
  });

  it('open any IPv4 address when they name all', () => {
    const all = new AddressRanges(['0.0.0.0/0']);
    fc.assert(fc.property(fc.nat({ max: 0xffffffff }), (value) => isAllowedAddress(dotted(value), all)));
  });
});
