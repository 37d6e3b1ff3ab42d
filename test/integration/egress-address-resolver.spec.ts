import { setTimeout } from 'node:timers/promises';
import { DnsAddressResolver, type DnsOptions } from '../../src/egress/address-resolver.js';
import { classifyFailure } from '../../src/egress/attempt-error.js';
import { AddressRanges } from '../../src/egress/blocked-ranges.js';
import { NameServer, type NameRecords } from '../support/name-server.js';
import { until } from '../support/wait.js';

const servers: NameServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serverOf(names: Record<string, NameRecords>): Promise<NameServer> {
  const server = await new NameServer(names).start();
  servers.push(server);
  return server;
}

function resolverOf(
  server: NameServer,
  freedHosts: string[] = [],
  allow: string[] = [],
  bounds: DnsOptions = { concurrentLookUps: 4 },
): DnsAddressResolver {
  const policy = { freedHosts, allowRanges: new AddressRanges(allow) };
  return new DnsAddressResolver(policy, { nameServers: [server.address], ...bounds });
}

const failureOf = (answer: Promise<string[]>): Promise<string> =>
  answer.then(
    (addresses) => `an answer: ${addresses.join()}`,
    (error: unknown) => classifyFailure(error),
  );

describe('DnsAddressResolver', () => {
  it('gives the addresses of both families', async () => {
    const server = await serverOf({
      'both.example.com': { a: ['93.184.215.14', '10.0.0.7'], aaaa: ['2606:2800::1'] },
      'v4.example.com': { a: ['93.184.215.14'] },
      'v6.example.com': { aaaa: ['::1'] },
    });
    const resolver = resolverOf(server);
    expect(await resolver.resolve('both.example.com')).toEqual(['93.184.215.14', '10.0.0.7', '2606:2800::1']);
    expect(await resolver.resolve('v4.example.com')).toEqual(['93.184.215.14']);
    expect(await resolver.resolve('v6.example.com')).toEqual(['::1']);
  });

  it('fails with a dns_error when there is no such name, or no address', async () => {
    const server = await serverOf({ 'empty.example.com': {} });
    const resolver = resolverOf(server);
    expect(await failureOf(resolver.resolve('missing.example.com'))).toBe('dns_error');
    expect(await failureOf(resolver.resolve('empty.example.com'))).toBe('dns_error');
  });

  it('waits 4 s at most for a silent name server, and uses the family that was answered', async () => {
    const server = await serverOf({
      'silent.example.com': { a: 'silent', aaaa: 'silent' },
      'half.example.com': { a: ['93.184.215.14'], aaaa: 'silent' },
    });
    const resolver = resolverOf(server);
    const start = performance.now();
    const answers = await Promise.all([
      failureOf(resolver.resolve('silent.example.com')),
      resolver.resolve('half.example.com'),
    ]);
    expect(answers).toEqual(['dns_error', ['93.184.215.14']]);
    expect(performance.now() - start).toBeLessThan(4_900);
  });

  it('asks once for many at a time, and for those shortly after', async () => {
    const server = await serverOf({ 'hooks.example.com': { a: ['93.184.215.14'] } });
    const resolver = resolverOf(server);
    await Promise.all([1, 2, 3].map(() => resolver.resolve('hooks.example.com')));
    await resolver.resolve('hooks.example.com');
    expect(server.questions).toEqual(['hooks.example.com', 'hooks.example.com']);
  });

  it('makes a limited number of look-ups at a time, and the others after them', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `host-${index}.example.com`);
    const server = await serverOf(Object.fromEntries(names.map((name) => [name, { a: ['93.184.215.14'] }])));
    const resolver = resolverOf(server);
    server.hold();
    const answers = Promise.all(names.map((name) => resolver.resolve(name)));
    await until('the questions of four look-ups', () => server.heldQuestions >= 8);
    await setTimeout(50);
    expect(server.heldQuestions).toBe(8);
    server.release();
    expect((await answers).flat()).toEqual(names.map(() => '93.184.215.14'));
  });

  it('gives the turn of a slow look-up to the next, and lets few go on', async () => {
    const slow = { a: ['93.184.215.14'], delayMs: 1_200 };
    const server = await serverOf({
      'slow-1.example.com': slow,
      'slow-2.example.com': slow,
      'quick.example.com': { a: ['93.184.215.15'] },
    });
    const resolver = resolverOf(server, [], [], { concurrentLookUps: 2, concurrentSlowLookUps: 1 });
    const start = performance.now();
    const first = failureOf(resolver.resolve('slow-1.example.com'));
    const second = resolver.resolve('slow-2.example.com');
    expect(await resolver.resolve('quick.example.com')).toEqual(['93.184.215.15']);
    expect(performance.now() - start).toBeLessThan(1_000);
    // Only one may be slow: the one that has been for longer ends.
    expect(await first).toBe('dns_error');
    expect(await second).toEqual(['93.184.215.14']);
  });

  it('gives up a look-up that found no turn in 4 s, without asking', async () => {
    const silent = Array.from({ length: 40 }, (_, index) => `silent-${index}.example.com`);
    const server = await serverOf(Object.fromEntries(silent.map((name) => [name, { a: 'silent', aaaa: 'silent' }])));
    const resolver = resolverOf(server, [], [], { concurrentLookUps: 1, concurrentSlowLookUps: 0 });
    const start = performance.now();
    const answers = await Promise.all(silent.map((name) => failureOf(resolver.resolve(name))));
    expect(new Set(answers)).toEqual(new Set(['dns_error']));
    expect(performance.now() - start).toBeLessThan(4_900);
    expect(server.questions).toContain('silent-6.example.com');
    // A turn every 500 ms: eight of the forty, and a few whose deadline came a millisecond after that of the eighth.
    expect(new Set(server.questions).size).toBeLessThan(20);
    expect(await failureOf(resolver.resolve('next.example.com'))).toBe('dns_error');
    expect(server.questions).toContain('next.example.com');
  });

  it('answers for one name while a thousand others are silent', async () => {
    const server = await serverOf({ 'quick.example.com': { a: ['93.184.215.15'] } });
    const silent = Array.from({ length: 1_000 }, (_, index) => `silent-${index}.example.com`);
    for (const name of silent) server.names[name] = { a: 'silent', aaaa: 'silent' };
    const resolver = resolverOf(server, [], [], {});
    const others: Promise<string>[] = [];
    // A few at a time: the name server is in the same process, and of two thousand questions at once the kernel drops
    // those that its socket has no room for. The one that is waited for was among them now and then.
    while (silent.length > 0) {
      for (const name of silent.splice(0, 50)) others.push(failureOf(resolver.resolve(name)));
      await setTimeout(5);
    }
    // Within its deadline of 4 s: how soon is not for this test.
    expect(await resolver.resolve('quick.example.com')).toEqual(['93.184.215.15']);
    expect(new Set(await Promise.all(others))).toEqual(new Set(['dns_error']));
  });

  it('takes no name with more than 64 addresses', async () => {
    const many = Array.from({ length: 65 }, (_, index) => `93.184.215.${index}`);
    const server = await serverOf({ 'many.example.com': { a: many }, 'full.example.com': { a: many.slice(1) } });
    const resolver = resolverOf(server);
    expect(await failureOf(resolver.resolve('many.example.com'))).toBe('dns_error');
    expect(await resolver.resolve('full.example.com')).toHaveLength(64);
  });

  it('fails with a dns_error when the name server failed', async () => {
    const server = await serverOf({ 'failing.example.com': { a: ['93.184.215.14'], fails: true } });
    expect(await failureOf(resolverOf(server).resolve('failing.example.com'))).toBe('dns_error');
  });

  it('does not read /etc/hosts', async () => {
    const server = await serverOf({});
    expect(await failureOf(resolverOf(server).resolve('localhost'))).toBe('dns_error');
    expect(server.questions).toContain('localhost');
  });

  it('takes localhost and what is under it for loopback when it is freed, without asking', async () => {
    const server = await serverOf({});
    const resolver = resolverOf(server, ['localhost'], ['127.0.0.0/8', '::1/128']);
    expect(await resolver.resolve('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('app.localhost')).toEqual(['127.0.0.1', '::1']);
    expect(server.questions).toEqual([]);
  });

  it('takes localhost for the loopback address that is open, when only one is', async () => {
    const server = await serverOf({});
    expect(await resolverOf(server, ['localhost'], ['127.0.0.0/8']).resolve('localhost')).toEqual(['127.0.0.1']);
    expect(await resolverOf(server, ['localhost']).resolve('localhost')).toEqual(['127.0.0.1', '::1']);
  });

  describe("for freed names, asked the system's way,", () => {
    const system = () => {
      const asked: string[] = [];
      const answers = new Map<string, (addresses: { address: string }[]) => void>();
      const systemLookUp = (hostname: string): Promise<{ address: string }[]> => {
        asked.push(hostname);
        return new Promise((resolve) => answers.set(hostname, resolve));
      };
      const policy = { freedHosts: ['corp'], allowRanges: new AddressRanges([]) };
      return { asked, answers, resolver: new DnsAddressResolver(policy, { systemLookUp }) };
    };

    it('waits 4 s at most, and has two look-ups under way at most, also when nobody waits for them any more', async () => {
      const { asked, answers, resolver } = system();
      const start = performance.now();
      const names = ['a.corp', 'b.corp', 'c.corp'];
      expect(await Promise.all(names.map((name) => failureOf(resolver.resolve(name))))).toEqual(
        names.map(() => 'dns_error'),
      );
      expect(performance.now() - start).toBeLessThan(4_900);
      const next = resolver.resolve('d.corp');
      await setTimeout(50);
      expect(asked).toEqual(['a.corp', 'b.corp']);

      answers.get('a.corp')!([{ address: '10.0.0.1' }]);
      await until('the next look-up', () => asked.length === 3);
      answers.get('d.corp')!([{ address: '10.0.0.4' }]);
      expect(await next).toEqual(['10.0.0.4']);
    });
  });
});
