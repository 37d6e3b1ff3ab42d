/** A throw-away PostgreSQL server on the loopback interface. */
export interface PostgresServer {
  /** The superuser's; the same after a restart. */
  url: string;
  /** Settles when the server that was started first ends, however it does. */
  exited: Promise<unknown>;
  /** Sends SIGKILL to the postmaster alone, or to `all` its processes, and resolves when the postmaster has ended. */
  kill(victims: 'postmaster' | 'all'): Promise<void>;
  /** Stops every process of the server in its tracks: it accepts connections, and never answers. */
  freeze(): void;
  /** After `freeze`. */
  thaw(): void;
  /**
   * Starts a server that was killed, on its data and its port; resolves when it has recovered. As a `standby` it takes no
   * writes, until it is promoted.
   */
  restart(options?: { standby?: boolean }): Promise<void>;
  /** Ends the server and removes its directory. */
  stop(): Promise<void>;
}

export declare function startPostgres(
  major: 14 | 18,
  options?: { durable?: boolean; directory?: string },
): Promise<PostgresServer>;
