import { markIn, payloadOf } from '../../bench/helpers/payload.js';
import { Receipts } from '../../bench/helpers/receipts.js';
import { EventRequests, type Stream, turnsOf } from '../../bench/helpers/request-source.js';
import { monotonicMs } from '../../bench/measures/clock.js';
import { atPlannedInstants } from '../../bench/measures/planned-instants.js';
import { Samples } from '../../bench/measures/samples.js';

describe('the receipts of the bench', () => {
  it('tell a loss and a repetition apart', () => {
    const receipts = new Receipts();
    const sent = [0, 1, 2, 3, 4];
    const received = [0, 1, 1, 3, 4];
    for (const n of received) receipts.add(7, { n, atMs: 0 }, 1);
    const { distinct, duplicates } = receipts.report(() => true);
    expect({ lost: sent.length - distinct, duplicates }).toEqual({ lost: 1, duplicates: 1 });
  });

  it('count one event once for each webhook', () => {
    const receipts = new Receipts();
    for (const webhook of [1, 2, 3]) receipts.add(webhook, { n: 5_000, atMs: 0 }, 1);
    expect(receipts.report(() => true)).toMatchObject({ received: 3, distinct: 3, duplicates: 0 });
  });

  it('tell the latencies of first receipts to the webhooks that are asked for', () => {
    const receipts = new Receipts();
    receipts.add(1, { n: 0, atMs: 100 }, 110);
    receipts.add(1, { n: 0, atMs: 100 }, 900);
    receipts.add(2, { n: 1, atMs: 100 }, 500);
    expect(receipts.report((webhook) => webhook === 1).latencyMs).toMatchObject({ count: 1, max: 10 });
  });

  it('tell the latencies since they were asked last, and those of all still', () => {
    const receipts = new Receipts();
    receipts.add(1, { n: 0, atMs: 100 }, 110);
    expect(receipts.takeLatencies()).toMatchObject({ count: 1, max: 10 });
    receipts.add(1, { n: 1, atMs: 100 }, 105);
    receipts.add(2, { n: 2, atMs: 100 }, 107);
    expect(receipts.takeLatencies()).toMatchObject({ count: 2, max: 7 });
    expect(receipts.takeLatencies()).toMatchObject({ count: 0 });
    expect(receipts.report(() => true).latencyMs).toMatchObject({ count: 3, max: 10 });
  });

  it('tell how many came until every webhook had one', () => {
    const receipts = new Receipts();
    for (const [n, webhook] of [0, 0, 0, 1, 0].entries()) receipts.add(webhook, { n, atMs: 0 }, 1);
    expect(receipts.report(() => true).receivedUntilAllWebhooks).toBe(4);
  });

  it('find number and instant in a request', () => {
    const request = `POST /ok/3 HTTP/1.1\r\n\r\n{"id":"x","event":"y","payload":${payloadOf(42, 1234.5678)},"webhook_id":"z"}`;
    expect(markIn(request)).toEqual({ n: 42, atMs: 1234.568 });
  });
});

describe('planned instants of the bench', () => {
  it('are begun in order, late or not, and none is left out', async () => {
    const startMs = monotonicMs();
    const instants: number[] = [];
    let refusals = 3;
    await atPlannedInstants({ startMs, endMs: startMs + 20, perSecond: 500 }, (atMs) => {
      if (refusals > 0) {
        refusals -= 1;
        return false;
      }
      instants.push(Math.round(atMs - startMs));
      return true;
    });
    expect(instants).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it('end with the signal', async () => {
    const stopping = new AbortController();
    const startMs = monotonicMs();
    let begun = 0;
    await atPlannedInstants({ startMs, endMs: startMs + 3_600_000, perSecond: 500, signal: stopping.signal }, () => {
      begun += 1;
      stopping.abort();
      return true;
    });
    expect(begun).toBeGreaterThan(0);
  });
});

describe('the load of the bench', () => {
  const stream = (eventType: string, weight: number): Stream => ({ token: 't', eventType, weight, fanOut: 2 });

  it('mixes its streams by their weights', () => {
    const turns = turnsOf([stream('a', 3), stream('b', 1), stream('c', 2)]).map(({ eventType }) => eventType);
    expect(turns).toEqual(['a', 'c', 'a', 'b', 'c', 'a']);
  });

  it('says what an accepted batch owes', () => {
    const { text, events, deliveries } = new EventRequests([stream('a', 1)], 3).next(0);
    expect({ events, deliveries }).toEqual({ events: 3, deliveries: 6 });
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toContain(`Content-Length: ${body.length}`);
    expect(
      (JSON.parse(body) as { events: { payload: { n: number } }[] }).events.map(({ payload }) => payload.n),
    ).toEqual([0, 1, 2]);
  });
});

describe('a percentile of the bench', () => {
  it('is one of the values', () => {
    const samples = new Samples();
    for (let value = 2_000; value >= 1; value -= 1) samples.add(value);
    expect(samples.distribution).toEqual({ count: 2_000, p50: 1_000, p95: 1_900, p99: 1_980, max: 2_000 });
  });

  it('of nothing is 0', () => {
    expect(new Samples().distribution).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
