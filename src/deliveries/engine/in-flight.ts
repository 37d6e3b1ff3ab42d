import type { Target } from '../delivery.types.js';

/**
 * A share of the slots that is worth a statement: claiming slot by slot costs one statement for each delivery. From a
 * backlog of 1,000,000 over 1,000 webhooks, with 1/8, and 128 webhooks a claim, 8,300/s were delivered; with 1/4, and half
 * as many webhooks, 12,100/s.
 */
const WORTHWHILE_SHARE = 1 / 4;

/**
 * Results that may wait to be recorded, in multiples of the limit, before they take room from attempts: recording goes
 * on beside sending, and when the database is slower than the receivers, no more is sent than it can take.
 */
const UNRECORDED_LIMITS = 2;

/**
 * How many more attempts may start to one webhook. The rule is the dynamic threshold of shared-buffer switches
 * (Choudhury and Hahne 1998, docs/adr/0006): an attempt starts only while fewer are in flight to its webhook than are
 * free in the whole replica. Each start takes one from the free and adds one to the webhook's, so the two meet halfway.
 *
 * However many webhooks hang, the others find slots: `n` that take all they can leave `limit / (n + 1)` free. One alone
 * gets up to half of the replica, if its own limit allows. With as many that hang as there are slots, none is free.
 *
 * @param count in flight to the webhook.
 * @param limitPerWebhook in flight to one webhook at most.
 * @param free of the replica's slots.
 */
export function webhookRoom(count: number, limitPerWebhook: number, free: number): number {
  return Math.max(0, Math.min(limitPerWebhook - count, Math.floor((free - count + 1) / 2)));
}

/** What an environment may have in flight, in multiples of what is free: one alone gets all but a seventeenth. */
const ENVIRONMENT_FACTOR = 16;

/**
 * How many more attempts may start in one environment: the same rule, by which an attempt starts only while fewer than 16
 * times as many are in flight in its environment as are free in the whole replica. `n` environments that take all they can
 * leave `limit / (16 n + 1)` free, however many webhooks they have.
 *
 * @param count in flight in the environment.
 * @param free of the replica's slots.
 */
export function environmentRoom(count: number, free: number): number {
  return Math.max(0, Math.ceil((ENVIRONMENT_FACTOR * free - count) / (ENVIRONMENT_FACTOR + 1)));
}

/** Whose attempt it is. */
export type Slot = Pick<Target, 'environmentId' | 'webhookId'>;

/**
 * Counts the attempts that this replica makes, against its own limit, each environment's and each webhook's. The counts are in memory: a cap
 * computed inside the claiming statement is exceeded when statements overlap.
 */
export class InFlight {
  private reserved = 0;
  private running = 0;
  /** Attempts that have ended and whose results are not recorded yet. */
  private unrecorded = 0;
  private readonly perWebhook = new Map<string, number>();
  private readonly perEnvironment = new Map<string, number>();

  /**
   * @param limit attempts at once, of all webhooks together.
   * @param limitPerWebhook attempts at once to one webhook.
   */
  constructor(
    readonly limit: number,
    readonly limitPerWebhook: number,
  ) {}

  get count(): number {
    return this.running;
  }

  /** How many more attempts could start, beyond those that a statement under way has set room aside for. */
  get room(): number {
    const stalled = Math.max(0, this.unrecorded - this.limit * UNRECORDED_LIMITS);
    return Math.max(0, this.limit - this.running - this.reserved - stalled);
  }

  /** Whether a statement is under way that may lease deliveries. */
  get isReserved(): boolean {
    return this.reserved > 0;
  }

  /** Whether so much is free that looking for deliveries is worth a statement. */
  get isWorthFilling(): boolean {
    return this.room > 0 && (this.running === 0 || this.room >= this.limit * WORTHWHILE_SHARE);
  }

  /** The room of a webhook that has nothing in flight. */
  get idleWebhookRoom(): number {
    return webhookRoom(0, this.limitPerWebhook, this.room);
  }

  /** The room of an environment that has nothing in flight. */
  get idleEnvironmentRoom(): number {
    return environmentRoom(0, this.room);
  }

  /** How many more attempts could start in these environments together. */
  roomOf(environmentIds: readonly string[]): number {
    const free = this.room;
    const sum = environmentIds.reduce(
      (rooms, id) => rooms + environmentRoom(this.perEnvironment.get(id) ?? 0, free),
      0,
    );
    return Math.min(free, sum);
  }

  /** Environments with attempts under way, and the room that each has left. */
  environmentRooms(): Map<string, number> {
    const free = this.room;
    return new Map([...this.perEnvironment].map(([id, count]) => [id, environmentRoom(count, free)]));
  }

  /** Webhooks with attempts under way, and the room that each has left. */
  webhookRooms(): Map<string, number> {
    const free = this.room;
    const rooms = new Map<string, number>();
    for (const [webhookId, count] of this.perWebhook) {
      rooms.set(webhookId, webhookRoom(count, this.limitPerWebhook, free));
    }
    return rooms;
  }

  /** Webhooks with attempts under way, and how many. */
  webhookCounts(): Map<string, number> {
    return new Map(this.perWebhook);
  }

  /** Whether so much is free to one webhook that looking for its deliveries is worth a statement. */
  isWorthFillingFor(webhookId: string): boolean {
    const count = this.countOf(webhookId);
    // What statements under way have set aside is free again in a moment, taken or not.
    const room = webhookRoom(count, this.limitPerWebhook, this.limit - this.running);
    return room > 0 && room >= (count + room) * WORTHWHILE_SHARE;
  }

  /** Sets room aside while a statement that leases deliveries is under way; the returned function gives it back. */
  reserve(count: number): () => void {
    this.reserved += count;
    return () => {
      this.reserved -= count;
      count = 0;
    };
  }

  /**
   * Whether a delivery that is leased may start. The threshold was applied when it was leased; overlapping statements
   * may have leased past a webhook's own limit.
   */
  hasRoomFor(webhookId: string): boolean {
    return this.countOf(webhookId) < this.limitPerWebhook;
  }

  start({ environmentId, webhookId }: Slot): void {
    this.running += 1;
    addTo(this.perWebhook, webhookId, 1);
    addTo(this.perEnvironment, environmentId, 1);
  }

  end({ environmentId, webhookId }: Slot): void {
    this.running -= 1;
    addTo(this.perWebhook, webhookId, -1);
    addTo(this.perEnvironment, environmentId, -1);
  }

  recordingBegins(): void {
    this.unrecorded += 1;
  }

  recordingEnds(): void {
    this.unrecorded -= 1;
  }

  private countOf(webhookId: string): number {
    return this.perWebhook.get(webhookId) ?? 0;
  }
}

/** Keeps no count of 0. */
function addTo(counts: Map<string, number>, id: string, difference: number): void {
  const count = (counts.get(id) ?? 0) + difference;
  if (count > 0) counts.set(id, count);
  else counts.delete(id);
}
