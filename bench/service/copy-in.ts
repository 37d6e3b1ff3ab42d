import { once } from 'node:events';
import type pg from 'pg';

/** Missing in pg's types. */
interface CopyConnection extends pg.Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

/**
 * For a `COPY … FROM STDIN`, no faster than the connection takes the chunks.
 *
 * @returns how many rows were stored.
 * @throws the error of the server or of the chunks; then nothing was stored.
 */
export function copyIn(client: pg.ClientBase, statement: string, chunks: Iterable<Buffer>): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(statement, chunks, resolve, reject));
  });
}

/** pg calls these in the order of the protocol. */
class CopyIn implements pg.Submittable {
  private rows = 0;
  private hasFailed = false;
  private failureOfChunks: unknown = null;

  constructor(
    private readonly statement: string,
    private readonly chunks: Iterable<Buffer>,
    private readonly resolve: (rows: number) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  submit(connection: pg.Connection): void {
    connection.query(this.statement);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.send(connection).catch((error: unknown) => {
      this.failureOfChunks = error;
      connection.sendCopyFail(String(error));
    });
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.rows = Number(text.slice('COPY '.length));
  }

  handleReadyForQuery(): void {
    if (!this.hasFailed) this.resolve(this.rows);
  }

  handleError(error: unknown): void {
    this.hasFailed = true;
    this.reject(this.failureOfChunks ?? error);
  }

  private async send(connection: CopyConnection): Promise<void> {
    const { stream } = connection;
    for (const chunk of this.chunks) {
      // The server has refused a row, and ignores the rest.
      if (this.hasFailed) return;
      connection.sendCopyFromChunk(chunk);
      if (stream.writableNeedDrain) await once(stream, 'drain');
    }
    connection.endCopyFrom();
  }
}
