import { lookup, Resolver } from 'node:dns/promises';
import { LRUCache } from 'lru-cache';
import { Semaphore } from '../common/semaphore.js';
import { within } from '../common/within.js';
import { isAllowedAddress } from './blocked-ranges.js';
import { EgressError } from './attempt-error.js';
import { isUnder } from './host-name-rules.js';
import type { TargetPolicy } from './target-url-policy.js';

export abstract class AddressResolver {
  abstract resolve(hostname: string): Promise<string[]>;
}

/** Of one question to one name server. */
const QUERY_TIMEOUT_MS = 2_000;
const QUERY_TRIES = 2;
/**
 * With the wait for its turn and all questions. Below the connect timeout, so that slow DNS differs from a slow host.
 */
const LOOK_UP_DEADLINE_MS = 4_000;
/** A burst shares one answer, and no change of address is missed. */
const ANSWER_FRESH_MS = 2_000;
const ANSWERS_MAX = 1_000;
const CONCURRENT_LOOK_UPS = 512;
/**
 * After this, a look-up gives its turn to the next one and goes on as a slow one. Beyond the limit of slow ones, the
 * longest ends. So name servers that are slow on purpose only block each other.
 */
const SLOW_LOOK_UP_MS = 500;
const CONCURRENT_SLOW_LOOK_UPS = 128;
/** They use the four threads that files and crypto share; half of them stay free. */
const CONCURRENT_SYSTEM_LOOK_UPS = 2;
/** Each one would be checked for every connection. */
const ADDRESSES_MAX = 64;

export interface DnsOptions {
  /** As `address[:port]`; default: those of the system. */
  nameServers?: readonly string[];
  concurrentLookUps?: number;
  concurrentSlowLookUps?: number;
  /** For tests. */
  systemLookUp?: (hostname: string) => Promise<{ address: string }[]>;
}

const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'];

/**
 * Asks the name servers with c-ares. getaddrinfo uses threads that files and crypto share, cannot be cancelled, and
 * reads /etc/hosts with the operator's internal names. Only names that the operator freed (EGRESS_ALLOW_HOSTS) are
 * looked up by the system.
 */
export class DnsAddressResolver extends AddressResolver {
  private readonly answers = new LRUCache<string, { addresses: Promise<string[]>; freshUntil: number }>({
    max: ANSWERS_MAX,
  });
  private readonly permits: Semaphore;
  private readonly slow = new Set<() => void>();
  private readonly slowMax: number;
  private readonly systemPermits = new Semaphore(CONCURRENT_SYSTEM_LOOK_UPS);
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
    this.permits = new Semaphore(concurrentLookUps);
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
    this.answers.set(hostname, answer);
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
   * A system look-up cannot be ended: a late one keeps its turn, because it keeps its thread. Its caller stops waiting.
   */
  private async askSystem(hostname: string, deadline: AbortSignal): Promise<string[]> {
    const startedAt = performance.now();
    await permitOf(this.systemPermits, deadline);
    const found = this.systemLookUp(hostname).finally(() => this.systemPermits.release());
    const leftMs = LOOK_UP_DEADLINE_MS - (performance.now() - startedAt);
    try {
      return (await within(leftMs, found, () => new Error('the system takes too long'))).map(({ address }) => address);
    } catch (error) {
      throw noAddress(error);
    }
  }

  /** RFC 6761 §6.3: both loopback addresses, without a question to anyone. If only one is allowed, only that one. */
  private loopback(): string[] {
    const open = LOOPBACK_ADDRESSES.filter((address) => isAllowedAddress(address, this.policy.allowRanges));
    return open.length > 0 ? open : LOOPBACK_ADDRESSES;
  }

  private async askNameServers(hostname: string, deadline: AbortSignal): Promise<string[]> {
    await permitOf(this.permits, deadline);
    // A new one for each look-up: cancelling ends all questions of a resolver, and a new one sees a changed
    // resolv.conf.
    const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
    if (this.nameServers) resolver.setServers(this.nameServers);
    const cancel = (): void => resolver.cancel();
    deadline.addEventListener('abort', cancel);
    let isSlow = false;
    const becomingSlow = setTimeout(() => {
      isSlow = true;
      this.permits.release();
      this.letGoOn(cancel);
    }, SLOW_LOOK_UP_MS);
    try {
      return addressesOf(await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]));
    } finally {
      clearTimeout(becomingSlow);
      deadline.removeEventListener('abort', cancel);
      if (isSlow) this.slow.delete(cancel);
      else this.permits.release();
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

function addressesOf(answers: PromiseSettledResult<string[]>[]): string[] {
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []));
  throw noAddress(new AggregateError(causes));
}

/** Each waiting look-up belongs to a delivery's attempt, so the number of those that wait is limited, too. */
async function permitOf(permits: Semaphore, deadline: AbortSignal): Promise<void> {
  await permits.acquire('', deadline).catch((reason: unknown) => {
    throw noAddress(reason);
  });
}

function noAddress(cause: unknown): EgressError {
  return new EgressError('dns_error', 'the host name has no address', { cause });
}
