import { SeededRandom } from './seeded-random.js';

const FAILED_SHARE = 0.02;
const CANCELED_SHARE = 0.01;
/** Deliveries that succeeded at their second and at their third attempt. */
const SECOND_SHARE = 0.04;
const THIRD_SHARE = 0.01;
/** Failed attempts that were not answered in time. */
const TIMEOUT_SHARE = 0.4;

/** The default of RETRY_SCHEDULE, in milliseconds. */
const WAITS_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];
/** The default of ATTEMPT_TIMEOUT_MS, in milliseconds. */
const TIMEOUT_MS = 15_000;
const LATENCY = { medianMs: 80, sigma: 0.9 };

export interface HistoryWebhook {
  id: string;
  environmentId: string;
  targetUrl: string;
  eventType: string;
  /** Its share of the deliveries, relative to the weights of the others. */
  weight: number;
}

export interface HistoryPlan {
  seed: number;
  count: number;
  /** The events' times are spread evenly from here, in Unix milliseconds … */
  fromMs: number;
  /** … to here, excluded. Everything has ended by then. */
  untilMs: number;
  webhooks: readonly HistoryWebhook[];
  /** The oldest deliveries, one of each of the first webhooks in turn. */
  rare: { eventType: string; count: number; webhooks: number };
}

export interface PastAttempt {
  number: number;
  lease: Buffer;
  startedAtMs: number;
  durationMs: number;
  outcome: 'succeeded' | 'failed';
  error: string | null;
  responseStatus: number | null;
}

/** It has ended. Its event had no other. Ids are bytes. */
export interface PastDelivery {
  n: number;
  createdAtMs: number;
  webhook: HistoryWebhook;
  eventType: string;
  eventId: Buffer;
  deliveryId: Buffer;
  status: 'succeeded' | 'failed' | 'canceled';
  attempts: PastAttempt[];
  completedAtMs: number;
}

/** Deliveries as a service of some age has them. Each can be made without the others. */
export class History {
  private readonly random: SeededRandom;
  private readonly stepMs: number;
  private readonly totalWeight: number;

  constructor(private readonly plan: HistoryPlan) {
    this.random = new SeededRandom(plan.seed);
    this.stepMs = (plan.untilMs - plan.fromMs) / plan.count;
    this.totalWeight = plan.webhooks.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** In Unix milliseconds, the second excluded; oldest first. */
  *between(fromMs: number, untilMs: number): Generator<PastDelivery> {
    for (let n = this.firstFrom(fromMs); n < this.firstFrom(untilMs); n += 1) yield this.at(n);
  }

  /** From 0, by the time of its event. */
  at(n: number): PastDelivery {
    const { random } = this;
    const createdAtMs = this.timeOf(n);
    const webhook = this.drawWebhook(n);
    const eventId = this.drawId(createdAtMs);
    const { status, attempts } = this.drawAttempts(createdAtMs);
    const last = attempts.at(-1);
    return {
      n,
      createdAtMs,
      webhook,
      eventType: n < this.plan.rare.count ? this.plan.rare.eventType : webhook.eventType,
      eventId,
      deliveryId: deliveryIdOf(eventId, random),
      status,
      attempts,
      completedAtMs: last ? Math.min(last.startedAtMs + last.durationMs, this.plan.untilMs) : createdAtMs,
    };
  }

  private firstFrom(atMs: number): number {
    const { count, fromMs } = this.plan;
    const n = Math.min(count, Math.max(0, Math.floor((atMs - fromMs) / this.stepMs)));
    // Each has a stretch of its own, in which it is anywhere.
    return n < count && this.timeOf(n) < atMs ? n + 1 : n;
  }

  /** The first number that is drawn for a delivery. */
  private timeOf(n: number): number {
    this.random.goTo(n);
    return Math.floor(this.plan.fromMs + (n + this.random.share()) * this.stepMs);
  }

  private drawWebhook(n: number): HistoryWebhook {
    const { rare, webhooks } = this.plan;
    if (n < rare.count) return webhooks[n % rare.webhooks]!;
    let left = this.random.share() * this.totalWeight;
    for (const webhook of webhooks) {
      left -= webhook.weight;
      if (left < 0) return webhook;
    }
    return webhooks.at(-1)!;
  }

  private drawAttempts(createdAtMs: number): Pick<PastDelivery, 'status' | 'attempts'> {
    const fate = this.random.share();
    const course = this.random.share();
    if (fate < FAILED_SHARE) return { status: 'failed', attempts: this.drawFailures(createdAtMs, WAITS_MS.length + 1) };
    if (fate < FAILED_SHARE + CANCELED_SHARE) {
      return { status: 'canceled', attempts: this.drawFailures(createdAtMs, course < 0.5 ? 0 : 1) };
    }
    const failures = course < THIRD_SHARE ? 2 : course < THIRD_SHARE + SECOND_SHARE ? 1 : 0;
    const attempts = this.drawFailures(createdAtMs, failures + 1);
    const last = attempts.at(-1)!;
    last.outcome = 'succeeded';
    last.error = null;
    last.responseStatus = 200;
    last.durationMs = this.drawLatency();
    return { status: 'succeeded', attempts };
  }

  /** After the retry schedule's waits, or shorter ones if there was less time. */
  private drawFailures(createdAtMs: number, count: number): PastAttempt[] {
    const waitsMs = WAITS_MS.slice(0, Math.max(0, count - 1));
    const neededMs = waitsMs.reduce((sum, waitMs) => sum + waitMs + TIMEOUT_MS, TIMEOUT_MS);
    const haste = Math.min(1, (this.plan.untilMs - createdAtMs) / neededMs);
    const attempts: PastAttempt[] = [];
    let startedAtMs = createdAtMs;
    for (let number = 1; number <= count; number += 1) {
      const isTimeout = this.random.share() < TIMEOUT_SHARE;
      const durationMs = isTimeout ? TIMEOUT_MS : this.drawLatency();
      attempts.push({
        number,
        lease: this.drawId(startedAtMs),
        startedAtMs,
        durationMs,
        outcome: 'failed',
        error: isTimeout ? 'timeout' : null,
        responseStatus: isTimeout ? null : 503,
      });
      startedAtMs += Math.floor(haste * (durationMs + (waitsMs[number - 1] ?? 0)));
    }
    return attempts;
  }

  private drawLatency(): number {
    const { medianMs, sigma } = LATENCY;
    return Math.round(Math.min(TIMEOUT_MS - 1, Math.max(1, this.random.logNormal(medianMs, sigma))));
  }

  /** As `uuidV7` makes it: the time, a count that begins in the lower quarter, 62 random bits. */
  private drawId(atMs: number): Buffer {
    const id = Buffer.allocUnsafe(16);
    id.writeUIntBE(atMs, 0, 6);
    id.writeUInt16BE(0x7000 | (this.random.uint32() & 0x3ff), 6);
    writeRandomHalf(id, this.random);
    return id;
  }
}

/** As `deliveryIdFor` makes it: the first half is the event's. */
function deliveryIdOf(eventId: Buffer, random: SeededRandom): Buffer {
  const id = Buffer.allocUnsafe(16);
  eventId.copy(id, 0, 0, 8);
  writeRandomHalf(id, random);
  return id;
}

function writeRandomHalf(id: Buffer, random: SeededRandom): void {
  id.writeUInt32BE((0x8000_0000 | (random.uint32() & 0x3fff_ffff)) >>> 0, 8);
  id.writeUInt32BE(random.uint32(), 12);
}

/** @param id its 16 bytes. */
export function textOfId(id: Buffer): string {
  const hex = id.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
