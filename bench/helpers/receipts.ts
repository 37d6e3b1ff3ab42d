import { type Distribution, Samples } from '../measures/samples.js';
import type { PayloadMark } from './payload.js';

const FIRST_CAPACITY = 1024;

export interface ReceiptsReport {
  /** Requests, repetitions included. */
  received: number;
  /** Pairs of event and webhook that were received at least once. */
  distinct: number;
  /** Beyond the first for one pair of event and webhook. */
  duplicates: number;
  /** Requests before the last of the webhooks received its first one. */
  receivedUntilAllWebhooks: number;
  /** By `monotonicMs`; 0: there was none. */
  lastAtMs: number;
  /** From the planned time of the event until its first receipt, in milliseconds. */
  latencyMs: Distribution;
}

interface WebhookReceipts {
  /** By the number of the event, at most 255. */
  counts: Uint8Array;
  latenciesMs: Samples;
}

/** Counts what a receiver gets. An event is known by its number, so a count is one array access. */
export class Receipts {
  private readonly webhooks = new Map<number, WebhookReceipts>();
  private received = 0;
  private duplicates = 0;
  private receivedUntilAllWebhooks = 0;
  private lastAtMs = 0;

  get count(): number {
    return this.received;
  }

  add(webhook: number, { n, atMs }: PayloadMark, nowMs: number): void {
    this.received += 1;
    this.lastAtMs = nowMs;
    const receipts = this.receiptsOf(webhook);
    if (n >= receipts.counts.length) receipts.counts = grown(receipts.counts, n);
    const before = receipts.counts[n]!;
    if (before > 0) this.duplicates += 1;
    else if (atMs > 0) receipts.latenciesMs.add(nowMs - atMs);
    if (before < 255) receipts.counts[n] = before + 1;
  }

  /** Of the first receipts since the last call. {@link report} tells those of all of them. */
  takeLatencies(): Distribution {
    return Samples.distributionOf([...this.webhooks.values()].map(({ latenciesMs }) => latenciesMs.takeNew()));
  }

  /** @param isMeasured selects webhooks for the latencies; the counts are always those of all webhooks. */
  report(isMeasured: (webhook: number) => boolean): ReceiptsReport {
    const measured = [...this.webhooks].filter(([webhook]) => isMeasured(webhook));
    return {
      received: this.received,
      distinct: this.received - this.duplicates,
      duplicates: this.duplicates,
      receivedUntilAllWebhooks: this.receivedUntilAllWebhooks,
      lastAtMs: this.lastAtMs,
      latencyMs: Samples.distributionOf(measured.map(([, { latenciesMs }]) => latenciesMs)),
    };
  }

  private receiptsOf(webhook: number): WebhookReceipts {
    let receipts = this.webhooks.get(webhook);
    if (!receipts) {
      receipts = { counts: new Uint8Array(FIRST_CAPACITY), latenciesMs: new Samples() };
      this.webhooks.set(webhook, receipts);
      this.receivedUntilAllWebhooks = this.received;
    }
    return receipts;
  }
}

function grown(counts: Uint8Array, n: number): Uint8Array {
  const larger = new Uint8Array(Math.max(n + 1, counts.length * 2));
  larger.set(counts);
  return larger;
}
