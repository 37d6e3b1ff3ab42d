import type { ProducerRecord, Receipt } from './ledger.js';

/* Everything that the checker judges by: plain data, so that it can be made by hand and kept in a file. */

/** A registered webhook and what the receiver knows of it. */
export interface Hook {
  webhookId: string;
  environmentId: string;
  path: string;
  secret: string;
  /** null: every type. */
  eventTypes: readonly string[] | null;
  /** It answers 2xx at once: its latency tells how Tidings does. */
  isHealthy: boolean;
}

/** As `GET /delivery` tells it. */
export interface LoggedDelivery {
  id: string;
  eventId: string;
  webhookId: string;
  status: 'pending' | 'succeeded' | 'failed' | 'canceled';
  cancelReason: string | null;
}

/** As the tables tell it: that of attempts, or the row of the delivery that ended with it. */
export interface LoggedAttempt {
  deliveryId: string;
  number: number;
  error: string | null;
  /** null: there was no answer. */
  status: number | null;
  requestHeaders: Record<string, string>;
}

/** Something that was done to Tidings or to its database, and until when it lasted. Unix milliseconds. */
export interface Fault {
  kind: 'kill' | 'stop' | 'term' | 'database';
  at: number;
  endedAt: number;
  /** The process that was killed or stopped (`Tidings.process`); null when no process of Tidings was. */
  process: string | null;
  /** The deliveries that this process held leases for in that moment, from the queue's own rows. */
  inFlight: string[];
}

/** What all processes of Tidings together hold while nothing is to do. */
export interface Resources {
  memoryBytes: number;
  sockets: number;
  /** null on the embedded engine. */
  databaseSessions: number | null;
}

export interface Evidence {
  producer: ProducerRecord[];
  /** The requests before this number only warmed Tidings up: no latency counts. */
  firstMeasuredRequest: number;
  receipts: Receipt[];
  hooks: Hook[];
  deliveries: LoggedDelivery[];
  attempts: LoggedAttempt[];
  faults: Fault[];
  /** Rows of the queue when nothing was left to do. */
  queueRows: number;
  /** The longest that a lease was seen to outlive its end, or its dead replica's; null: nobody could look. */
  mostOverdueMs: number | null;
  resources: { before: Resources; after: Resources } | null;
}
