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
/**
 * One look-up: waiting for its turn, and all questions together. Below the connect timeout, so that slow DNS is told
 * apart from a slow host.
 */
const LOOK_UP_DEADLINE_MS = 4_000;
/** Long enough for a burst to share one answer, too short to outlive a change of address. */
const ANSWER_FRESH_MS = 2_000;
const ANSWERS_MAX = 1_000;
/** Each has a socket of its own. */
const CONCURRENT_LOOK_UPS = 256;
/** A name whose last look-up took this long waits for others like it, and no other name waits for them. */
const SLOW_LOOK_UP_MS = 1_000;
const CONCURRENT_SLOW_LOOK_UPS = 32;
const SLOW_NAMES_MAX = 10_000;

export interface DnsOptions {
  /** As `address[:port]`; by default those of the system. */
  nameServers?: readonly string[];
  concurrentLookUps?: number;
  /** Of names that were slow the last time; beside those. */
  concurrentSlowLookUps?: number;
}

const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];

/**
 * Asks the name servers by c-ares, not by getaddrinfo: that one works on the four threads that files and crypto share,
 * cannot be cancelled, and reads /etc/hosts, where an operator's internal names are. Only names that the operator freed
 * (EGRESS_ALLOW_HOSTS) are looked up the system's way.
 */
export class DnsAddressResolver extends AddressResolver {
  private readonly answers = new Map<string, { addresses: Promise<string[]>; freshUntil: number }>();
  /** The longest unasked first. */
  private readonly slowNames = new Set<string>();
  private readonly turns: Turns;
  private readonly slowTurns: Turns;
  private readonly nameServers: readonly string[] | undefined;

  constructor(
    private readonly policy: Pick<TargetPolicy, 'freedHosts' | 'allowRanges'>,
    {
      nameServers,
      concurrentLookUps = CONCURRENT_LOOK_UPS,
      concurrentSlowLookUps = CONCURRENT_SLOW_LOOK_UPS,
    }: DnsOptions = {},
  ) {
    super();
    this.nameServers = nameServers;
    this.turns = new Turns(concurrentLookUps);
    this.slowTurns = new Turns(concurrentSlowLookUps);
  }

  resolve(hostname: string): Promise<string[]> {
    const known = this.answers.get(hostname);
    if (known && known.freshUntil > performance.now()) return known.addresses;

    const addresses = this.lookUp(hostname);
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

  private async lookUp(hostname: string): Promise<string[]> {
    if (!isUnder(hostname, this.policy.freedHosts)) return this.askNameServers(hostname);
    if (isUnder(hostname, ['localhost'])) return this.loopback();
    try {
      return (await lookup(hostname, { all: true })).map(({ address }) => address);
    } catch (error) {
      throw noAddress(error);
    }
  }

  /** RFC 6761 §6.3: both loopback addresses, without asking anyone. Those that are open, when only one is. */
  private loopback(): string[] {
    const open = LOOPBACK_ADDRESSES.filter((address) => isAllowedAddress(address, this.policy.allowRanges));
    return open.length > 0 ? open : LOOPBACK_ADDRESSES;
  }

  private async askNameServers(hostname: string): Promise<string[]> {
    const deadline = AbortSignal.timeout(LOOK_UP_DEADLINE_MS);
    const turns = this.slowNames.has(hostname) ? this.slowTurns : this.turns;
    await turns.take(deadline);
    const start = performance.now();
    try {
      const answers = await this.answersBy(deadline, hostname);
      this.remember(hostname, performance.now() - start >= SLOW_LOOK_UP_MS);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      if (addresses.length > 0) return addresses;
      const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
      throw noAddress(new AggregateError(causes));
    } finally {
      turns.giveBack();
    }
  }

  private async answersBy(deadline: AbortSignal, hostname: string): Promise<PromiseSettledResult<string[]>[]> {
    // One resolver for each look-up: cancelling ends all questions of a resolver, and a new one sees a changed resolv.conf.
    const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
    if (this.nameServers) resolver.setServers(this.nameServers);
    const cancel = (): void => resolver.cancel();
    deadline.addEventListener('abort', cancel);
    try {
      return await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    } finally {
      deadline.removeEventListener('abort', cancel);
    }
  }

  private remember(hostname: string, isSlow: boolean): void {
    this.slowNames.delete(hostname);
    if (!isSlow) return;
    this.slowNames.add(hostname);
    const [oldest] = this.slowNames;
    if (this.slowNames.size > SLOW_NAMES_MAX && oldest !== undefined) this.slowNames.delete(oldest);
  }
}

/** A limited number of look-ups at once. Who waits is a delivery's attempt, so those are limited, too. */
class Turns {
  private readonly waiting = new Set<() => void>();
  private running = 0;

  constructor(private readonly limit: number) {}

  async take(deadline: AbortSignal): Promise<void> {
    if (this.running < this.limit) {
      this.running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.waiting.delete(go);
        reject(noAddress(deadline.reason));
      };
      const go = (): void => {
        deadline.removeEventListener('abort', giveUp);
        resolve();
      };
      this.waiting.add(go);
      deadline.addEventListener('abort', giveUp);
    });
  }

  /** Hands the turn to who has waited longest. */
  giveBack(): void {
    const [next] = this.waiting;
    if (!next) {
      this.running -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}

function noAddress(cause: unknown): EgressError {
  return new EgressError('dns_error', 'the host name has no address', { cause });
}
