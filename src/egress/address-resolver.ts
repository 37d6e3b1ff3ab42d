import { lookup, Resolver } from 'node:dns/promises';
import { within } from '../common/within.js';
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
const CONCURRENT_LOOK_UPS = 512;
/**
 * A look-up that takes this long gives its turn to the next, and goes on among others like it. When those are too many
 * the longest of them ends; so name servers that are slow on purpose are in each other's way.
 */
const SLOW_LOOK_UP_MS = 500;
const CONCURRENT_SLOW_LOOK_UPS = 128;
/** The system's way works on the four threads that files and crypto share; half of them are left alone. */
const CONCURRENT_SYSTEM_LOOK_UPS = 2;
/** A name with more than that is not looked at: every one would be checked for every connection. */
const ADDRESSES_MAX = 64;

export interface DnsOptions {
  /** As `address[:port]`; by default those of the system. */
  nameServers?: readonly string[];
  concurrentLookUps?: number;
  /** Beside those. */
  concurrentSlowLookUps?: number;
  /** The system's way to look a name up, for tests. */
  systemLookUp?: (hostname: string) => Promise<{ address: string }[]>;
}

const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];

/**
 * Asks the name servers by c-ares, not by getaddrinfo: that one works on the four threads that files and crypto share,
 * cannot be cancelled, and reads /etc/hosts, where an operator's internal names are. Only names that the operator freed
 * (EGRESS_ALLOW_HOSTS) are looked up the system's way.
 */
export class DnsAddressResolver extends AddressResolver {
  private readonly answers = new Map<string, { addresses: Promise<string[]>; freshUntil: number }>();
  private readonly turns: Turns;
  /** What ends each slow look-up, the longest first. */
  private readonly slow = new Set<() => void>();
  private readonly slowMax: number;
  private readonly systemTurns = new Turns(CONCURRENT_SYSTEM_LOOK_UPS);
  private readonly nameServers: readonly string[] | undefined;
  private readonly systemLookUp: NonNullable<DnsOptions['systemLookUp']>;

  constructor(
    private readonly policy: Pick<TargetPolicy, 'freedHosts' | 'allowRanges'>,
    {
      nameServers,
      concurrentLookUps = CONCURRENT_LOOK_UPS,
      concurrentSlowLookUps = CONCURRENT_SLOW_LOOK_UPS,
      systemLookUp = (hostname) => lookup(hostname, { all: true }),
    }: DnsOptions = {},
  ) {
    super();
    this.nameServers = nameServers;
    this.turns = new Turns(concurrentLookUps);
    this.slowMax = concurrentSlowLookUps;
    this.systemLookUp = systemLookUp;
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
    const addresses = await this.ask(hostname);
    if (addresses.length > ADDRESSES_MAX) throw new EgressError('dns_error', 'the host name has too many addresses');
    return addresses;
  }

  private async ask(hostname: string): Promise<string[]> {
    const deadline = AbortSignal.timeout(LOOK_UP_DEADLINE_MS);
    if (!isUnder(hostname, this.policy.freedHosts)) return this.askNameServers(hostname, deadline);
    return isUnder(hostname, ['localhost']) ? this.loopback() : this.askSystem(hostname, deadline);
  }

  /**
   * Nothing ends a look-up of the system. One that takes too long keeps its turn, as it keeps its thread; who waits for it
   * does not.
   */
  private async askSystem(hostname: string, deadline: AbortSignal): Promise<string[]> {
    const startedAt = performance.now();
    await this.systemTurns.take(deadline);
    const found = this.systemLookUp(hostname).finally(() => this.systemTurns.giveBack());
    const leftMs = LOOK_UP_DEADLINE_MS - (performance.now() - startedAt);
    try {
      return (await within(leftMs, found, () => new Error('the system takes too long'))).map(({ address }) => address);
    } catch (error) {
      throw noAddress(error);
    }
  }

  /** RFC 6761 §6.3: both loopback addresses, without asking anyone. Those that are open, when only one is. */
  private loopback(): string[] {
    const open = LOOPBACK_ADDRESSES.filter((address) => isAllowedAddress(address, this.policy.allowRanges));
    return open.length > 0 ? open : LOOPBACK_ADDRESSES;
  }

  private async askNameServers(hostname: string, deadline: AbortSignal): Promise<string[]> {
    await this.turns.take(deadline);
    // One resolver for each look-up: cancelling ends all questions of a resolver, and a new one sees a changed resolv.conf.
    const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
    if (this.nameServers) resolver.setServers(this.nameServers);
    const cancel = (): void => resolver.cancel();
    deadline.addEventListener('abort', cancel);
    let isSlow = false;
    const becomingSlow = setTimeout(() => {
      isSlow = true;
      this.turns.giveBack();
      this.letGoOn(cancel);
    }, SLOW_LOOK_UP_MS);
    try {
      return addressesOf(await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]));
    } finally {
      clearTimeout(becomingSlow);
      deadline.removeEventListener('abort', cancel);
      if (isSlow) this.slow.delete(cancel);
      else this.turns.giveBack();
    }
  }

  private letGoOn(cancel: () => void): void {
    this.slow.add(cancel);
    if (this.slow.size <= this.slowMax) return;
    const [longest] = this.slow;
    this.slow.delete(longest!);
    longest!();
  }
}

/** Of both families, or of the one that has any. */
function addressesOf(answers: PromiseSettledResult<string[]>[]): string[] {
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
  throw noAddress(new AggregateError(causes));
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
