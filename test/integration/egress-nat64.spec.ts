import { AddressResolver } from '../../src/egress/address-resolver.js';
import { classifyFailure, EgressError } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { GuardedAgent } from '../../src/egress/guarded-agent.js';
import { guardedConnector } from '../../src/egress/guarded-connector.js';
import { Nat64Prefixes } from '../../src/egress/nat64-prefixes.js';

/** A name server in a network whose DNS64 answers so for ipv4only.arpa. */
class Dns64 extends AddressResolver {
  readonly asked: string[] = [];

  constructor(
    private readonly discovered: string[] | null,
    private readonly names: Record<string, string[]> = {},
  ) {
    super();
  }

  async resolve(hostname: string): Promise<string[]> {
    this.asked.push(hostname);
    const addresses = hostname === 'ipv4only.arpa' ? this.discovered : this.names[hostname];
    if (!addresses) throw new EgressError('dns_error', 'the host name has no address');
    return addresses;
  }
}

/** RFC 6052 §2.4: 192.0.2.33 under prefixes of each length, here with a prefix that is public. */
const EXAMPLES: [string, string, string][] = [
  ['/32', '2a00:db8:c000:aa::', '2a00:db8:c000:221::'],
  ['/40', '2a00:db8:1c0:0:aa::', '2a00:db8:1c0:2:21::'],
  ['/48', '2a00:db8:122:c000:0:aa00::', '2a00:db8:122:c000:2:2100::'],
  ['/56', '2a00:db8:122:3c0:0:aa::', '2a00:db8:122:3c0:0:221::'],
  ['/64', '2a00:db8:122:344:c0:0:aa00::', '2a00:db8:122:344:c0:2:2100::'],
  ['/96', '2a00:db8:122:344::192.0.0.171', '2a00:db8:122:344::192.0.2.33'],
];

describe('the prefixes of NAT64', () => {
  it.each(EXAMPLES)('of length %s are found, and what they are translated to', async (_, discovered, address) => {
    const prefixes = new Nat64Prefixes(new Dns64(['192.0.0.170', '192.0.0.171', discovered]));
    expect(await prefixes.translated([address, '93.184.215.14', '2606:2800::1'])).toEqual(['192.0.2.33']);
  });

  it('are asked for once, and only for IPv6', async () => {
    const dns = new Dns64(['2a00:db8:64::192.0.0.170']);
    const prefixes = new Nat64Prefixes(dns);
    expect(await prefixes.translated(['10.0.0.1'])).toEqual([]);
    expect(dns.asked).toEqual([]);
    await prefixes.translated(['2606::1']);
    await prefixes.translated(['2606::2']);
    expect(dns.asked).toEqual(['ipv4only.arpa']);
  });

  it.each([
    ['there is no answer', null],
    ['the answer has no IPv6', ['192.0.0.170']],
    ['the answer carries another address', ['2a00:db8:64::1.2.3.4']],
  ])('are none where %s', async (_, discovered) => {
    const prefixes = new Nat64Prefixes(new Dns64(discovered));
    expect(await prefixes.translated(['2a00:db8:64::10.0.0.1'])).toEqual([]);
  });
});

describe('in a network with NAT64', () => {
  const dns = new Dns64(['2a00:db8:64::192.0.0.170'], {
    'inward.example.com': ['2a00:db8:64::a00:1'],
    'mixed.example.com': ['93.184.215.14', '2a00:db8:64::7f00:1'],
  });
  const agent = new GuardedAgent(guardedConnector({ allowRanges: new AddressRanges([]), resolver: dns }));
  afterAll(() => agent.close());

  it.each(['inward.example.com', 'mixed.example.com', '[2a00:db8:64::a9fe:a9fe]', '[2a00:db8:64::7f00:1]'])(
    'what is private as IPv4 is refused behind its prefix, too: %s',
    async (host) => {
      const target = { origin: `http://${host}:4000`, path: '/' };
      const request = agent.request(target, { method: 'POST', headers: {}, body: '', deadlineMs: 2_000 });
      expect(await request.catch(classifyFailure)).toBe('blocked_address');
    },
  );
});
