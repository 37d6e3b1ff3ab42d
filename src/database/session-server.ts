import { createServer, type Server, type Socket } from 'node:net';
import { ProtocolUnits, type ProtocolUnit } from './protocol-units.js';

/** The one session of an engine, as the server needs it. */
export interface EngineSession {
  /** Runs whole protocol messages and hands back what the engine answers; the bytes are only valid during the call. */
  run(messages: Uint8Array, onAnswer: (bytes: Uint8Array) => void): Promise<void>;
  isInTransaction(): boolean;
}

interface Client {
  socket: Socket;
  isGone: boolean;
}

interface Turn {
  client: Client;
  unit: Extract<ProtocolUnit, { kind: 'messages' }>;
}

/**
 * Serves any number of clients from one session, as a pooler in transaction mode does: units of messages take turns
 * in the order in which they arrived, and whoever has a transaction open keeps the session until it ends.
 *
 * Not `@electric-sql/pglite-socket` (0.2.17): it takes turns message by message. As soon as one query is larger than a
 * socket read, another client's statement slips in: of 1,000 concurrent queries, a fifth of them with 300 kB of
 * parameters, 130 failed ("bind message supplies 2 parameters") and 37 were answered with another query's row.
 */
export class SessionServer {
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #waiting: Turn[] = [];
  #holder: Client | null = null;
  #working: Promise<void> | null = null;

  /**
   * @param greeting the engine's answer to a start-up message, given to every client: AuthenticationOk, its parameters
   *   and ReadyForQuery.
   * @param onFatal called when the engine itself breaks; no client is answered any more.
   */
  constructor(
    private readonly session: EngineSession,
    private readonly greeting: Uint8Array,
    private readonly onFatal: (error: unknown) => void,
  ) {
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
  }

  /** Takes no more clients, finishes the unit that runs, and drops the rest. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#waiting.length = 0;
    for (const { socket } of this.#clients) socket.destroy();
    await this.#working;
    await closed;
  }

  #welcome(socket: Socket): void {
    const client: Client = { socket, isGone: false };
    const units = new ProtocolUnits();
    this.#clients.add(client);
    socket.on('data', (chunk) => {
      for (const unit of units.push(chunk)) this.#accept(client, unit);
    });
    // A reset is an ordinary way to leave; `close` follows it.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#leave(client));
  }

  #accept(client: Client, unit: ProtocolUnit): void {
    switch (unit.kind) {
      case 'encryption':
        client.socket.write('N');
        break;
      case 'startup':
        client.socket.write(this.greeting);
        break;
      case 'messages':
        this.#waiting.push({ client, unit });
        this.#work();
        break;
      case 'end':
        client.socket.end();
        break;
    }
  }

  #leave(client: Client): void {
    client.isGone = true;
    this.#clients.delete(client);
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]?.client === client) this.#waiting.splice(i, 1);
    }
    this.#work();
  }

  #work(): void {
    this.#working ??= this.#takeTurns()
      .catch(this.onFatal)
      .finally(() => {
        this.#working = null;
      });
  }

  async #takeTurns(): Promise<void> {
    for (;;) {
      if (this.#holder?.isGone) await this.#rollBack();
      const turn = this.#nextTurn();
      if (!turn) return;
      await this.#run(turn);
    }
  }

  #nextTurn(): Turn | undefined {
    if (!this.#holder) return this.#waiting.shift();
    const next = this.#waiting.findIndex(({ client }) => client === this.#holder);
    return next < 0 ? undefined : this.#waiting.splice(next, 1)[0];
  }

  async #run({ client, unit }: Turn): Promise<void> {
    const { socket } = client;
    socket.cork();
    await this.session.run(unit.bytes, (answer) => {
      if (socket.writable) socket.write(Buffer.from(answer));
    });
    socket.uncork();
    this.#holder = !unit.endsAtSync || this.session.isInTransaction() ? client : null;
  }

  /** Ends what a client that left had begun, as a server does when a connection breaks. */
  async #rollBack(): Promise<void> {
    await this.session.run(SYNC_MESSAGE, () => undefined);
    if (this.session.isInTransaction()) await this.session.run(ROLLBACK_MESSAGE, () => undefined);
    this.#holder = null;
  }
}

const SYNC_MESSAGE = Buffer.from([0x53, 0, 0, 0, 4]);
const ROLLBACK_MESSAGE = Buffer.concat([Buffer.from([0x51, 0, 0, 0, 13]), Buffer.from('ROLLBACK\0')]);
