import type { Target } from '../delivery.types.js';

/**
 * The share of the slots that is worth a statement. From a backlog of 1,000,000 over 1,000 webhooks, 1/8 with 128
 * webhooks a claim delivered 8,300/s, 1/4 with 64 delivered 12,100/s.
 */
const WORTHWHILE_SHARE = 1 / 4;

/**
 * Unrecorded results, in multiples of the limit, beyond which they take room from attempts: then the database is slower
 * than the receivers.
 */
const UNRECORDED_LIMITS = 2;

/**
 * How many more attempts may start to one webhook: the dynamic threshold of shared-buffer switches (Choudhury and Hahne
 * 1998, docs/adr/0006). An attempt starts only while fewer are in flight to its webhook than are free in the replica.
 * Each start takes one from the free and adds one to the webhook's, so the two meet halfway.
 *
 * @param count in flight to the webhook.
 * @param free of the replica's slots.
 */
export function webhookRoom(count: number, limitPerWebhook: number, free: number): number {
  return Math.max(0, Math.min(limitPerWebhook - count, Math.floor((free - count + 1) / 2)));
}

/** What an environment may have in flight, in multiples of what is free: one alone gets all but a seventeenth. */
const ENVIRONMENT_FACTOR = 16;

/**
 * The same rule for one environment, however many webhooks it has.
 *
 * @param count in flight in the environment.
 * @param free of the replica's slots.
 */
export function environmentRoom(count: number, free: number): number {
  return Math.max(0, Math.ceil((ENVIRONMENT_FACTOR * free - count) / (ENVIRONMENT_FACTOR + 1)));
}

export type Slot = Pick<Target, 'environmentId' | 'webhookId'>;

/**
 * Counts this replica's attempts against its own limit, each environment's and each webhook's. The counts are in
 * memory: a cap computed in the claiming statement is exceeded when statements overlap.
 */
export class InFlight {
  private reserved = 0;
  private running = 0;
  private unrecorded = 0;
  private readonly perWebhook = new Map<string, number>();
  private readonly perEnvironment = new Map<string, number>();

  constructor(
    readonly limit: number,
    readonly limitPerWebhook: number,
  ) {}

  get count(): number {
    return this.running;
  }

  /** How many more attempts could start, beyond what statements under way have reserved. */
  get room(): number {
    const stalled = Math.max(0, this.unrecorded - this.limit * UNRECORDED_LIMITS);
    return Math.max(0, this.limit - this.running - this.reserved - stalled);
  }

  /** Whether a statement is under way that may lease deliveries. */
  get isReserved(): boolean {
    return this.reserved > 0;
  }

  get isWorthFilling(): boolean {
    return this.room > 0 && (this.running === 0 || this.room >= this.limit * WORTHWHILE_SHARE);
  }

  get idleWebhookRoom(): number {
    return webhookRoom(0, this.limitPerWebhook, this.room);
  }

  get idleEnvironmentRoom(): number {
    return environmentRoom(0, this.room);
  }

  roomOf(environmentIds: readonly string[]): number {
    const free = this.room;
    const sum = environmentIds.reduce(
      (rooms, id) => rooms + environmentRoom(this.perEnvironment.get(id) ?? 0, free),
      0,
    );
    return Math.min(free, sum);
  }

  environmentRooms(): Map<string, number> {
    const free = this.room;
    return new Map([...this.perEnvironment].map(([id, count]) => [id, environmentRoom(count, free)]));
  }

  webhookRooms(): Map<string, number> {
    const free = this.room;
    const rooms = new Map<string, number>();
    for (const [webhookId, count] of this.perWebhook) {
      rooms.set(webhookId, webhookRoom(count, this.limitPerWebhook, free));
    }
    return rooms;
  }

  webhookCounts(): Map<string, number> {
    return new Map(this.perWebhook);
  }

  isWorthFillingFor(webhookId: string): boolean {
    const count = this.countOf(webhookId);
    // What statements under way have reserved is free again in a moment, taken or not.
    const room = webhookRoom(count, this.limitPerWebhook, this.limit - this.running);
    return room > 0 && room >= (count + room) * WORTHWHILE_SHARE;
  }

  /** @returns gives the places back; a second call does nothing. */
  reserve(count: number): () => void {
    this.reserved += count;
    return () => {
      this.reserved -= count;
      count = 0;
    };
  }

  /** Whether a leased delivery may start: overlapping statements may have leased past a webhook's limit. */
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

function addTo(counts: Map<string, number>, id: string, difference: number): void {
  const count = (counts.get(id) ?? 0) + difference;
  if (count > 0) counts.set(id, count);
  else counts.delete(id);
}
