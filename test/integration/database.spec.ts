import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { openDataSource } from '../../src/database/data-source.js';
import { schema } from '../../src/schema.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

const BIG = 'x'.repeat(300_000);

describe('a database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('answers times as instants in UTC, to the millisecond', async () => {
    const rows = await database.dataSource.query<{ at: Date; same: boolean }[]>(
      `SELECT '2026-11-23T16:00:00.123Z'::timestamptz AS at, $1::timestamptz = '2026-11-23T16:00:00.123Z' AS same`,
      [new Date('2026-11-23T16:00:00.123Z')],
    );
    expect(rows[0]?.at.toISOString()).toBe('2026-11-23T16:00:00.123Z');
    expect(rows[0]?.same).toBe(true);
  });

  it('gives each of many concurrent queries its own answer, however large they are', async () => {
    // As many at once as there are connections: how long one waits for a free connection is another matter.
    const lanes = await Promise.all(
      Array.from({ length: 5 }, async (_, lane) => {
        const wrong: unknown[] = [];
        for (let n = 0; n < 60; n++) {
          const name = `of_${lane}_${n}`;
          const [sql, parameters, expected] =
            (lane + n) % 5 === 0
              ? [`SELECT length($1::text) AS n, $2::int AS ${name}`, [BIG, n], { n: BIG.length, [name]: n }]
              : [`SELECT $1::text AS ${name}`, [name], { [name]: name }];
          const rows = await database.dataSource.query<unknown[]>(sql, parameters);
          if (!isDeepStrictEqual(rows.map(plain), [expected])) wrong.push(rows);
        }
        return wrong;
      }),
    );
    expect(lanes.flat()).toEqual([]);
  });

  it('goes on after a statement that failed', async () => {
    await expect(database.dataSource.query('SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await expect(database.dataSource.query('SELECT no_such_column')).rejects.toThrow('no_such_column');
    await expect(database.dataSource.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('keeps statements of others out of a transaction', async () => {
    const other = await database.connect();
    await database.dataSource.query('CREATE TABLE counter (n int NOT NULL)');
    await database.dataSource.query('INSERT INTO counter VALUES (0)');
    let outside: Promise<{ n: number }[]> | undefined;
    await expect(
      database.dataSource.transaction(async (manager) => {
        await manager.query('UPDATE counter SET n = 1');
        outside = other.query('SELECT n FROM counter');
        await manager.query('SELECT pg_sleep(0.05)');
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await expect(outside).resolves.toEqual([{ n: 0 }]);
    await database.dataSource.query('DROP TABLE counter');
  });

  it('rolls back what a client that vanished had begun, and serves the others', async () => {
    await database.dataSource.query('CREATE TABLE vanished (n int NOT NULL)');
    const client = await database.connectClient();
    await client.query('BEGIN');
    await client.query('INSERT INTO vanished VALUES (1)');
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.destroy();
    await expect(database.dataSource.query('SELECT n FROM vanished')).resolves.toEqual([]);
    await database.dataSource.query('DROP TABLE vanished');
  });

  it('does not end the process when an idle connection breaks, and replaces it', async () => {
    const broken: Error[] = [];
    const dataSource = await openDataSource({
      url: database.url,
      schema,
      poolSize: 1,
      onIdleConnectionError: (error) => broken.push(error),
    });
    try {
      const pool = (dataSource.driver as unknown as { master: { _idle: { client: IdleClient }[] } }).master;
      pool._idle[0]!.client.connection.stream.destroy(new Error('broken'));
      await expect(untilAnswered(() => dataSource.query('SELECT 1 AS one'))).resolves.toEqual([{ one: 1 }]);
      expect(broken).toHaveLength(1);
    } finally {
      await dataSource.destroy();
    }
  });
});

describe('a database that does not answer', () => {
  let silent: SilentServer;
  beforeEach(async () => {
    silent = await SilentServer.start();
  });
  afterEach(() => silent.stop());

  it('refuses the start within seconds', async () => {
    const startedAt = Date.now();
    await expect(openDataSource({ url: silent.url, schema, poolSize: 1 })).rejects.toThrow(/timeout/);
    // 5 s, and what is left of a try of 2 s.
    expect(Date.now() - startedAt).toBeLessThan(8_000);
  });

  it('is asked again by a start, also where users of the pool would not wait so long', async () => {
    const database = await createTestDatabase();
    try {
      const url = silent.urlFor(database.url);
      const opening = openDataSource({ url, schema, poolSize: 1, patience: { connectionMs: 100, statementMs: 1_000 } });
      await until('it to be asked again', () => silent.connections >= 3);
      silent.answerFor(database.url);
      const dataSource = await opening;
      await expect(dataSource.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
      await dataSource.destroy();
    } finally {
      await database.close();
    }
  });

  it('is asked for nothing that a pooler refuses', async () => {
    await expect(openDataSource({ url: silent.url, schema, poolSize: 1 })).rejects.toThrow();
    expect(silent.startupParameters()).toEqual({
      user: 'someone',
      database: 'tidings',
      application_name: 'tidings',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      TimeZone: 'UTC',
      standard_conforming_strings: 'on',
    });
  });
});

describe('a statement that passes its deadline', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('fails, and its connection is not used again', async () => {
    const dataSource = await openDataSource({
      url: database.url,
      schema,
      poolSize: 1,
      patience: { connectionMs: 2_000, statementMs: 200 },
    });
    try {
      await expect(dataSource.query('SELECT pg_sleep(1)')).rejects.toThrow('timeout');
      await expect(untilAnswered(() => dataSource.query('SELECT 1 AS one'))).resolves.toEqual([{ one: 1 }]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('is not what the next one in the queue for a connection is given', async () => {
    const patience = { connectionMs: 2_000, statementMs: 400 };
    const dataSource = await openDataSource({ url: database.url, schema, poolSize: 1, patience });
    try {
      const late = dataSource.query('SELECT pg_sleep(0.6)');
      const next = dataSource.query('SELECT 1 AS one');
      await expect(late).rejects.toThrow('timeout');
      await expect(next).resolves.toEqual([{ one: 1 }]);
    } finally {
      await dataSource.destroy();
    }
  });
});

/** A row as an object of the ordinary kind: pg's have no prototype. */
function plain(row: unknown): unknown {
  return { ...(row as object) };
}

interface IdleClient {
  connection: { stream: Socket };
}

/** Repeats what fails, for at most 5 s. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** Accepts connections and says nothing, until it answers for a database. */
class SilentServer {
  readonly #sockets = new Set<Socket>();
  #received = Buffer.alloc(0);
  #connections = 0;
  #database: pg.Client | null = null;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SilentServer> {
    const server = createServer();
    const silent = new SilentServer(server);
    server.on('connection', (socket) => {
      silent.#connections += 1;
      silent.#sockets.add(socket);
      socket.on('error', () => undefined);
      if (silent.#database) return silent.#passOn(socket, silent.#database);
      socket.on('data', (chunk) => (silent.#received = Buffer.concat([silent.#received, chunk])));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return silent;
  }

  get url(): string {
    return `postgresql://someone:secret@127.0.0.1:${(this.server.address() as AddressInfo).port}/tidings`;
  }

  get connections(): number {
    return this.#connections;
  }

  /** The URL of a database, led here. */
  urlFor(url: string): string {
    const { username, password, pathname } = new URL(url);
    const { host } = new URL(this.url);
    return `postgresql://${username}:${password}@${host}${pathname}`;
  }

  /** From the next connection on. */
  answerFor(url: string): void {
    this.#database = new pg.Client(url);
  }

  #passOn(socket: Socket, { host, port }: pg.Client): void {
    const database = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    this.#sockets.add(database);
    database.on('error', () => undefined);
    socket.pipe(database).pipe(socket);
  }

  /** Of the first connection. */
  startupParameters(): Record<string, string> {
    const texts = this.#received.subarray(8, this.#received.readUInt32BE(0)).toString().split('\0').slice(0, -2);
    return Object.fromEntries(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1]!]] : [])));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
