import { jest } from '@jest/globals';
import { openSockets, residentBytes, steadyResidentBytes } from '../support/proc.js';
import { OPTIMISED, Service } from '../support/process.js';
import { errorIn, SlowClient } from '../support/slow-client.js';
import { until } from '../support/wait.js';

/* The limits as shipped; what else they do is in test/integration/slow-clients.spec.ts, with shorter times. */

const CONNECTIONS = 1_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** Looked at every second, and a thousand at once. */
const LATE_MS = 4_000;
const DRIP_EVERY_MS = 2_000;
const MEBIBYTE = 1_048_576;
const GROWTH_LIMIT_BYTES = 96 * MEBIBYTE;
/** Of the slowest of all answers to a client that behaves, on two busy cores. */
const ANSWER_LIMIT_MS = 2_000;

jest.setTimeout(120_000);

describe('a thousand clients that send a byte every two seconds', () => {
  const service = new Service({ nodeOptions: OPTIMISED });
  const slow: SlowClient[] = [];

  beforeAll(() => service.start());

  afterAll(async () => {
    for (const client of slow) client.close();
    await service.stop();
  });

  it('keep nobody from being served, are ended after 20 s with a 408, and leave nothing behind', async () => {
    const { client } = await service.tenant();
    // So that V8 has optimised what publishing needs: the growth has to be that of the slow clients.
    for (let published = 0; published < 100; published += 1) await client.publish('record:created');
    const before = { bytes: await steadyResidentBytes(service.pid), sockets: openSockets(service.pid) };
    const port = Number(new URL(service.url).port);
    for (let opened = 0; opened < CONNECTIONS; opened += 1) {
      const each = new SlowClient(port, 'GET /webhook HTTP/1.1\r\nHost: x\r\nX-Slow: ', DRIP_EVERY_MS);
      slow.push(each);
      await each.connected;
    }
    await until('the service to have them', () => openSockets(service.pid) >= before.sockets + CONNECTIONS);

    let areEnded = false;
    const ended = Promise.all(slow.map((each) => each.ended)).finally(() => (areEnded = true));
    let [answers, slowestMs, mostBytes] = [0, 0, 0];
    await until(
      'the slow ones to be ended',
      async () => {
        const startedAtMs = Date.now();
        await client.publish('record:created');
        slowestMs = Math.max(slowestMs, Date.now() - startedAtMs);
        mostBytes = Math.max(mostBytes, residentBytes(service.pid));
        answers += 1;
        return areEnded;
      },
      2 * HEADERS_TIMEOUT_MS,
    );
    const endings = await ended;

    for (const { text, afterMs } of endings) {
      expect(errorIn(text)).toMatchObject({ status: 408, body: { statusCode: 408, code: 'REQUEST_TIMEOUT' } });
      expect(afterMs).toBeGreaterThanOrEqual(HEADERS_TIMEOUT_MS - 5);
      expect(afterMs).toBeLessThan(HEADERS_TIMEOUT_MS + LATE_MS);
    }
    expect(answers).toBeGreaterThan(100);
    expect(slowestMs).toBeLessThan(ANSWER_LIMIT_MS);
    await until('their sockets to be closed', () => openSockets(service.pid) <= before.sockets + 10);
    expect(mostBytes - before.bytes).toBeLessThan(GROWTH_LIMIT_BYTES);
    const lives = endings.map(({ afterMs }) => afterMs);
    const grown = Math.round((mostBytes - before.bytes) / MEBIBYTE);
    process.stdout.write(
      `${CONNECTIONS} slow clients lived ${Math.min(...lives)}–${Math.max(...lives)} ms, beside ${answers} answers, ` +
        `the slowest after ${slowestMs} ms; ${grown} MiB more at most\n`,
    );
  });
});
