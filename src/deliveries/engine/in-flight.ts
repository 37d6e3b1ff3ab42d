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

/** A delivery leased ahead waits about this long: until so many attempts to its webhook have succeeded. */
const AHEAD_MS = 100;

interface WebhookSlots {
  /** With those leased ahead. */
  taken: number;
  attempts: number;
  /** In the `AHEAD_MS` that began at `since`, and in those before. */
  successes: { since: number; now: number; before: number };
}

/**
 * Counts this replica's slots against its own limit, each environment's and each webhook's. The counts are in memory: a
 * cap computed in the claiming statement is exceeded when statements overlap.
 *
 * A webhook may have as many slots beyond its limit of attempts as quick attempts have succeeded within 100 ms. What is
 * leased ahead so starts as others end, for two thirds of what it costs to claim it then. An endpoint that hangs gets none.
 */
export class InFlight {
  private reserved = 0;
  private running = 0;
  private unrecorded = 0;
  private readonly perWebhook = new Map<string, WebhookSlots>();
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
    const now = performance.now();
    for (const [webhookId, slots] of this.perWebhook) {
      rooms.set(webhookId, webhookRoom(slots.taken, this.mostOf(slots, now), free));
    }
    return rooms;
  }

  webhookCounts(): Map<string, number> {
    return new Map([...this.perWebhook].map(([webhookId, { taken }]) => [webhookId, taken]));
  }

  isWorthFillingFor(webhookId: string): boolean {
    const slots = this.perWebhook.get(webhookId);
    const count = slots?.taken ?? 0;
    // What statements under way have reserved is free again in a moment, taken or not.
    const room = webhookRoom(count, this.mostOf(slots, performance.now()), this.limit - this.running);
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

  /** Whether a leased delivery gets a slot: overlapping statements may have leased past a webhook's limit. */
  hasRoomFor(webhookId: string): boolean {
    const slots = this.perWebhook.get(webhookId);
    return (slots?.taken ?? 0) < this.mostOf(slots, performance.now());
  }

  take({ environmentId, webhookId }: Slot): void {
    this.running += 1;
    this.perEnvironment.set(environmentId, (this.perEnvironment.get(environmentId) ?? 0) + 1);
    const slots = this.perWebhook.get(webhookId);
    if (slots) slots.taken += 1;
    else this.perWebhook.set(webhookId, { taken: 1, attempts: 0, successes: { since: 0, now: 0, before: 0 } });
  }

  /** Whether one more attempt may start in a slot that was taken. */
  mayStart(webhookId: string): boolean {
    return (this.perWebhook.get(webhookId)?.attempts ?? 0) < this.limitPerWebhook;
  }

  attemptStarts({ webhookId }: Slot): void {
    const slots = this.perWebhook.get(webhookId);
    if (slots) slots.attempts += 1;
  }

  /** The slot is free again, and what started in it is over, be it an attempt or not. */
  end({ environmentId, webhookId }: Slot, isQuickSuccess: boolean): void {
    this.running -= 1;
    const left = (this.perEnvironment.get(environmentId) ?? 0) - 1;
    if (left > 0) this.perEnvironment.set(environmentId, left);
    else this.perEnvironment.delete(environmentId);
    const slots = this.perWebhook.get(webhookId);
    if (!slots) return;
    slots.taken -= 1;
    slots.attempts -= 1;
    if (slots.taken <= 0) this.perWebhook.delete(webhookId);
    else if (isQuickSuccess) turned(slots.successes, performance.now()).now += 1;
  }

  forgetSuccesses(webhookId: string): void {
    const slots = this.perWebhook.get(webhookId);
    if (slots) slots.successes = { since: 0, now: 0, before: 0 };
  }

  recordingBegins(): void {
    this.unrecorded += 1;
  }

  recordingEnds(): void {
    this.unrecorded -= 1;
  }

  /** Slots that a webhook may have, those leased ahead included. */
  private mostOf(slots: WebhookSlots | undefined, now: number): number {
    if (!slots) return this.limitPerWebhook;
    const { now: lately, before } = turned(slots.successes, now);
    return this.limitPerWebhook + Math.min(this.limitPerWebhook, Math.max(lately, before));
  }
}

function turned(successes: WebhookSlots['successes'], now: number): WebhookSlots['successes'] {
  const elapsed = now - successes.since;
  if (elapsed >= AHEAD_MS) {
    successes.before = elapsed < 2 * AHEAD_MS ? successes.now : 0;
    successes.now = 0;
    successes.since = now;
  }
  return successes;
}
