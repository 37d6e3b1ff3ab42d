import { jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { OPTIMISED, type Tenant, useService } from '../support/process.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';
import { until } from '../support/wait.js';

jest.setTimeout(180_000);

/** Nobody listens there: deliveries wait for their retries. */
const TARGET = 'http://127.0.0.1:1999/webhook';
const EVENTS = 2_000;
const STORED_MS = 60_000;
/** Of pages that are asked for again and again until all are had, on a slow machine. */
const ANSWERED_MS = 60_000;
const LONG_PAGE = '/delivery?limit=1000';

describe('one environment that reads as hard as it can', () => {
  const service = useService({ nodeOptions: OPTIMISED });
  let reader: Tenant;
  let quiet: Tenant;
  let webhookId: string;

  beforeAll(async () => {
    reader = await service.tenant();
    quiet = await service.tenant();
    webhookId = (await reader.client.createWebhook({ target_url: TARGET })).id;
    const events = Array.from({ length: 200 }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
    for (let published = 0; published < EVENTS; published += events.length) {
      // Busy for a moment, on a slow machine.
      await until(
        'the events to be stored',
        async () => (await reader.client.post('/event/batch', { events })).status === 202,
        STORED_MS,
      );
    }
  });

  const readsWaiting = async (): Promise<number> => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return valuesOf(parsePrometheusText(text))['tidings_reads_waiting']!;
  };
  const nothingWaits = (): Promise<unknown> => until('no read to wait', async () => (await readsWaiting()) === 0);

  it('is refused what is too much, and another environment publishes and reads meanwhile', async () => {
    const statuses = new Map<number, number>();
    let isOver = false;
    const readers = Array.from({ length: 64 }, async () => {
      while (!isOver) {
        const { status, headers } = await reader.client.get(LONG_PAGE);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 429) {
          expect(headers['retry-after']).toBe('1');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    });
    const published: number[] = [];
    const read: number[] = [];
    await until('some to be refused', () => (statuses.get(429) ?? 0) > 0);
    for (let n = 0; n < 20; n++) {
      published.push((await quiet.client.post('/event', { event_type: 'record:created', payload: { n } })).status);
      read.push((await quiet.client.get('/event?limit=100')).status);
    }
    isOver = true;
    await Promise.all(readers);
    expect(new Set(published)).toEqual(new Set([202]));
    expect(new Set(read)).toEqual(new Set([200]));
    // 503 where the machine is so slow that hardly a step ended meanwhile.
    expect([200, 429, 503]).toEqual(expect.arrayContaining([...statuses.keys()]));
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 429]));
    await nothingWaits();
  });

  it('has its ordinary pages all at once', async () => {
    await until(
      'all of them in time',
      async () => {
        const pages = await Promise.all(Array.from({ length: 20 }, () => reader.client.get('/delivery')));
        const refused = pages.filter(({ status }) => status !== 200);
        // What is refused for its size is refused on any machine; for the time that it waited, on a slow one.
        for (const { text } of refused) expect(text).not.toContain('reads too much at once');
        return refused.length === 0;
      },
      ANSWERED_MS,
    );
  });

  it.each([
    ['breaks its connections', (socket: Socket) => socket.resetAndDestroy()],
    ['closes them', (socket: Socket) => socket.end()],
  ])('leaves nothing to be done when it %s', async (_, leave) => {
    const sockets: Socket[] = [];
    const body = JSON.stringify({ since: '2021-08-10T10:00:00.000Z', dry_run: true });
    const request =
      `POST /webhook/${webhookId}/recover HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer ${reader.token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const page = `GET ${LONG_PAGE} HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer ${reader.token}\r\n\r\n`;
    for (let n = 0; n < 100; n++) {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.write(n % 2 === 0 ? request : page);
      sockets.push(socket);
    }
    await Promise.all(sockets.filter(({ connecting }) => connecting).map((socket) => once(socket, 'connect')));
    for (const socket of sockets) leave(socket);
    try {
      await nothingWaits();
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    // What they had under way is given back: a whole share of the token is free.
    await until(
      'its share to be free',
      async () => {
        const pages = await Promise.all(Array.from({ length: 8 }, () => reader.client.get(LONG_PAGE)));
        return pages.every(({ status }) => status === 200);
      },
      ANSWERED_MS,
    );
    const faults = service.logs.split('\n').filter((line) => line.includes('a request failed'));
    expect(faults).toEqual([]);
  });
});
