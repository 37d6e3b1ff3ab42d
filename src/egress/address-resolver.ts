import { lookup, Resolver } from 'node:dns/promises';
import { isAllowedAddress } from './blocked-ranges.js';
import { EgressError } from './attempt-error.js';
import { isUnder } from './host-name-rules.js';
import type { TargetPolicy } from './target-url-policy.js';

/** Finds the addresses of a host name. What may be done with them is the connector's business. */
export abstract class AddressResolver {
  /** @returns at least one address; rejects with a `dns_error` when there is none. */
  abstract resolve(hostname: string): Promise<string[]>;
}

/** One question to one name server, and how often it is put. */
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;
/** One look-up, all questions together. Below the connect timeout, so that slow DNS is told apart from a slow host. */
const LOOK_UP_DEADLINE_MS = 4_000;
/** Long enough for a burst to share one answer, too short to outlive a change of address. */
const ANSWER_FRESH_MS = 2_000;
const ANSWERS_MAX = 1_000;
/** A customer's silent name server may hold look-ups for seconds; this many at once, the others wait. */
const CONCURRENT_LOOK_UPS = 256;

export interface DnsOptions {
  /** As `address[:port]`; by default those of the system. */
  nameServers?: readonly string[];
  concurrentLookUps?: number;
}

const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];

/**
 * Asks the name servers by c-ares, not by getaddrinfo: that one works on the four threads that files and crypto share,
 * cannot be cancelled, and reads /etc/hosts, where an operator's internal names are. Only names that the operator freed
 * (EGRESS_ALLOW_HOSTS) are looked up the system's way.
 */
export class DnsAddressResolver extends AddressResolver {
  private readonly answers = new Map<string, { addresses: Promise<string[]>; freshUntil: number }>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private readonly nameServers: readonly string[] | undefined;
  private readonly concurrentLookUps: number;

  constructor(
    private readonly policy: Pick<TargetPolicy, 'freedHosts' | 'allowRanges'>,
    { nameServers, concurrentLookUps = CONCURRENT_LOOK_UPS }: DnsOptions = {},
  ) {
    super();
    this.nameServers = nameServers;
    this.concurrentLookUps = concurrentLookUps;
  }

  resolve(hostname: string): Promise<string[]> {
    const known = this.answers.get(hostname);
    if (known && known.freshUntil > performance.now()) return known.addresses;

    const addresses = this.takeTurn(() => this.lookUp(hostname));
    const answer = { addresses, freshUntil: Infinity };
    const settled = (): void => {
      answer.freshUntil = performance.now() + ANSWER_FRESH_MS;
    };
    addresses.then(settled, settled);
    this.answers.delete(hostname);
    this.answers.set(hostname, answer);
    const [oldest] = this.answers.keys();
    if (this.answers.size > ANSWERS_MAX && oldest !== undefined) this.answers.delete(oldest);
    return addresses;
  }

  private async takeTurn<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrentLookUps) await new Promise<void>((turn) => this.waiting.push(turn));
    else this.running += 1;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private async lookUp(hostname: string): Promise<string[]> {
    if (!isUnder(hostname, this.policy.freedHosts)) return this.askNameServers(hostname);
    if (isUnder(hostname, ['localhost'])) return this.loopback();
    try {
      return (await lookup(hostname, { all: true })).map(({ address }) => address);
    } catch (error) {
      throw new EgressError('dns_error', 'the host name has no address', { cause: error });
    }
  }

  /** RFC 6761 §6.3: both loopback addresses, without asking anyone. Those that are open, when only one is. */
  private loopback(): string[] {
    const open = LOOPBACK_ADDRESSES.filter((address) => isAllowedAddress(address, this.policy.allowRanges));
    return open.length > 0 ? open : LOOPBACK_ADDRESSES;
  }

  private async askNameServers(hostname: string): Promise<string[]> {
    // One resolver for each look-up: cancelling ends all questions of a resolver, and a new one sees a changed resolv.conf.
    const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
    if (this.nameServers) resolver.setServers(this.nameServers);
    const deadline = setTimeout(() => resolver.cancel(), LOOK_UP_DEADLINE_MS);
    try {
      const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length === 0) {
        const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
        throw new EgressError('dns_error', 'the host name has no address', { cause: new AggregateError(causes) });
      }
      return addresses;
    } finally {
      clearTimeout(deadline);
    }
  }
}
