import { jest } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { ApiClient, type CreatedApiToken, type Environment } from '../support/client.js';
import { startReplica } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';
import { Receiver } from '../support/receiver.js';
import { TroubleLog, troubleTable } from '../support/trouble-log.js';

const READ_S = 5;

jest.setTimeout(60_000);

describe('a statement that takes long', () => {
  const table = troubleTable('A slow statement');
  afterAll(() => table.print());

  it('holds up no request beyond its deadline, and on a server none at all', async () => {
    const test = await createTestDatabase();
    // Publishing would wait until the statement has ended.
    const replica = await startReplica(test, { ACCEPT_WAIT: '0s' });
    const receiver = await Receiver.start();
    try {
      await replica.nest.listen(0, '127.0.0.1');
      const { port } = replica.nest.getHttpServer().address() as AddressInfo;
      const { body: environment } = await replica.call<Environment>('POST', '/environment', {
        body: { name: 'slow', allow_duplicate_name: true },
      });
      const order = { name: 'slow', environment_id: environment.id };
      const { body: issued } = await replica.call<CreatedApiToken>('POST', '/api-token', { body: order });
      const client = new ApiClient({ baseUrl: `http://127.0.0.1:${port}`, token: issued.token });
      const log = await TroubleLog.begin(client, receiver);
      const slow = await test.connectClient();
      await log.during(async () => {
        await slow.query(`SELECT pg_sleep(${READ_S})`);
      });
      const isShared = test.engine === 'embedded';
      await table.add(
        'slow read',
        log,
        isShared ? { refused: 'all' } : { refused: [], served: ['POST /event', 'GET /webhook'] },
      );
    } finally {
      await receiver.close();
      await replica.close();
      await test.close();
    }
  });
});
