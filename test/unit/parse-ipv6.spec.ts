import fc from 'fast-check';
import { parseIpv6 } from '../../src/common/parse-ipv6.js';

/** The eight groups as the URL parser has them, which writes an address in one way. */
function groupsOfUrl(address: string): number[] {
  const [head = [], tail = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail].map((group) => parseInt(group, 16));
}

describe('parseIpv6', () => {
  it('reads every spelling as the URL parser does', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => expect(parseIpv6(address).parts).toEqual(groupsOfUrl(address))),
      {
        numRuns: 5_000,
      },
    );
  });

  it.each([
    '::192.0.2.1',
    '::0:192.0.2.1',
    '::ffff:192.0.2.1',
    '64:ff9b::192.0.2.1',
    '0:0:0:0:0:0:192.0.2.1',
    '::',
    '::1',
  ])('reads %s as the URL parser does', (address) => expect(parseIpv6(address).parts).toEqual(groupsOfUrl(address)));

  it('leaves a zone out', () => {
    expect(parseIpv6('fe80::1%eth0').toString()).toBe('fe80::1');
  });
});
