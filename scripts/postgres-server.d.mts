/** A throw-away PostgreSQL server on the loopback interface. */
export interface PostgresServer {
  /** The superuser's; the same after a restart. */
  url: string;
  /** Settles when the server that was started first ends, however it does. */
  exited: Promise<unknown>;
  /** Sends SIGKILL to the postmaster alone, or to `all` its processes, and resolves when the postmaster has ended. */
  kill(victims: 'postmaster' | 'all'): Promise<void>;
  /** Starts a server that was killed, on its data and its port; resolves when it has recovered. */
  restart(): Promise<void>;
  /** Ends the server and removes its directory. */
  stop(): Promise<void>;
}

export declare function startPostgres(major: 14 | 18, options?: { durable?: boolean }): Promise<PostgresServer>;
