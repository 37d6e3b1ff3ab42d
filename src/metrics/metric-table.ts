import { DATABASE_TROUBLES } from '../common/database-trouble.js';
import { OPERATIONAL_EVENT_TYPES } from '../common/operational-events.js';
import { ATTEMPT_ERRORS, CANCEL_REASONS } from '../common/outcomes.js';

export interface Metric {
  type: 'counter' | 'gauge' | 'histogram';
  /** Ends with its unit; the name of a counter with `_total`. */
  name: string;
  help: string;
  /** All values of each label, or a description if only a running program knows them. */
  labels?: Readonly<Record<string, readonly string[] | string>>;
  /** For a histogram: upper bounds in seconds. */
  buckets?: readonly number[];
  /**
   * How the values of several workers become that of the whole. `first`: it is of the database or of the program, so the
   * worker that is asked tells it alone.
   */
  aggregator: Aggregator;
}

export const AGGREGATORS = ['sum', 'max', 'first'] as const;
export type Aggregator = (typeof AGGREGATORS)[number];

/** From a direct hand-over in memory to a wait behind a backlog. */
const START_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** From a nearby receiver to the deadline of an attempt, 15 s by default. */
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export const FAILURE_REASONS = [...ATTEMPT_ERRORS, 'status_3xx', 'status_4xx', 'status_5xx', 'status_other'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const ENDPOINT_CHANGES = [
  'down',
  'recovering',
  'healthy',
  'paused',
  'disabled_gone',
  'disabled_failing',
] as const;
export type EndpointChange = (typeof ENDPOINT_CHANGES)[number];

const DATABASE_POOLS = ['requests', 'pipeline', 'access', 'intake'] as const;

/** HTTP methods that have routes; any other is `other`. */
export const REQUEST_METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'other'] as const;

export const NO_ROUTE = 'none';

/** `/metrics`, its labels and docs/metrics.md are made from this table. */
export const METRICS = {
  buildInfo: {
    type: 'gauge',
    name: 'tidings_build_info',
    help: 'Always 1; the label tells the version that runs.',
    labels: { version: 'of the program' },
    aggregator: 'first',
  },

  workers: {
    type: 'gauge',
    name: 'tidings_workers',
    help: 'Workers that run and answer within 0.9 s; less than tidings_workers_wanted while one is started again or hangs.',
    aggregator: 'sum',
  },
  workersWanted: {
    type: 'gauge',
    name: 'tidings_workers_wanted',
    help: 'How many workers there should be: WORKERS.',
    aggregator: 'max',
  },
  workerRestarts: {
    type: 'counter',
    name: 'tidings_worker_restarts_total',
    help: 'Workers that ended before they were told to, and were started again.',
    aggregator: 'sum',
  },

  clockOffset: {
    type: 'gauge',
    name: 'tidings_clock_offset_seconds',
    help: 'How far the clock of this machine is behind that of the database; negative where it is ahead. Times go by the database.',
    aggregator: 'first',
  },

  eventsAccepted: {
    type: 'counter',
    name: 'tidings_events_accepted_total',
    help: 'Events stored. A repeat under an idempotency key is not counted again.',
    aggregator: 'sum',
  },
  eventsRefused: {
    type: 'counter',
    name: 'tidings_events_refused_total',
    help: 'Events that were not taken in: too many waited to be stored, or for too long, or the database did not take them (503), or their environment is owed too much (429, 422).',
    aggregator: 'sum',
  },
  eventsWaiting: {
    type: 'gauge',
    name: 'tidings_events_waiting',
    help: 'Events of this replica that wait for their commit.',
    aggregator: 'sum',
  },

  deliveriesSucceeded: {
    type: 'counter',
    name: 'tidings_deliveries_succeeded_total',
    help: 'Deliveries that ended because a receiver accepted the event.',
    aggregator: 'sum',
  },
  deliveriesFailed: {
    type: 'counter',
    name: 'tidings_deliveries_failed_total',
    help: 'Deliveries that ended without success: the schedule is spent, or five leases in a row were lost.',
    aggregator: 'sum',
  },
  deliveriesCanceled: {
    type: 'counter',
    name: 'tidings_deliveries_canceled_total',
    help: 'Deliveries that ended because their webhook no longer receives.',
    labels: { reason: CANCEL_REASONS },
    aggregator: 'sum',
  },
  deliveriesRescued: {
    type: 'counter',
    name: 'tidings_deliveries_rescued_total',
    help: 'Leases taken from a replica that died, or that nobody knew of. Their deliveries may be attempted twice.',
    aggregator: 'sum',
  },
  deliveriesRecovered: {
    type: 'counter',
    name: 'tidings_deliveries_recovered_total',
    help: 'Deliveries that a recovery queued: of events that a webhook missed, and finished ones again.',
    aggregator: 'sum',
  },
  recoveriesRunning: {
    type: 'gauge',
    name: 'tidings_recoveries_running',
    help: 'Recoveries that run, on whichever replica; at most 1,000 are counted. Absent while the database does not answer.',
    aggregator: 'first',
  },
  deliveriesInFlight: {
    type: 'gauge',
    name: 'tidings_deliveries_in_flight',
    help: 'Deliveries that this replica attempts, and those that start as soon as other attempts to their webhook end. Tests, which have no part in the limit, are not among them.',
    aggregator: 'sum',
  },
  deliveriesInFlightLimit: {
    type: 'gauge',
    name: 'tidings_deliveries_in_flight_limit',
    help: 'How many may be in flight on this replica at once: IN_FLIGHT_LIMIT.',
    aggregator: 'sum',
  },

  attemptDuration: {
    type: 'histogram',
    name: 'tidings_attempt_duration_seconds',
    help: 'From the start of an attempt to the end of the exchange. Tests are attempts too.',
    labels: { outcome: ['succeeded', 'failed'] },
    buckets: ATTEMPT_BUCKETS,
    aggregator: 'sum',
  },
  attemptsFailed: {
    type: 'counter',
    name: 'tidings_attempts_failed_total',
    help: 'Attempts that failed, by what went wrong or by the class of the status that was answered.',
    labels: { reason: FAILURE_REASONS },
    aggregator: 'sum',
  },
  firstAttemptDelay: {
    type: 'histogram',
    name: 'tidings_first_attempt_delay_seconds',
    help: 'From the arrival of an event to the first byte of its first attempt, a new connection included. An attempt that gets no connection is not counted. What is recovered is, from when it arrived.',
    buckets: START_BUCKETS,
    aggregator: 'sum',
  },
  resultsWaiting: {
    type: 'gauge',
    name: 'tidings_results_waiting',
    help: 'Results of attempts that wait to be recorded. It grows while the database cannot be written.',
    aggregator: 'sum',
  },
  resultsLate: {
    type: 'counter',
    name: 'tidings_results_late_total',
    help: 'Results that came after their lease was lost. The delivery is attempted again.',
    aggregator: 'sum',
  },

  queueDeliveries: {
    type: 'gauge',
    name: 'tidings_queue_deliveries',
    help: 'Unfinished deliveries of all replicas: due now, due but held because the endpoint is down or paused, due later, or leased to a replica. Exact up to about 8,000, above that estimated from a sample to about a tenth. Absent while the database does not answer.',
    labels: { state: ['due', 'held', 'later', 'leased'] },
    aggregator: 'first',
  },
  queueOwed: {
    type: 'gauge',
    name: 'tidings_queue_owed_deliveries',
    help: 'Deliveries that are not in the queue yet: of accepted events that owe very many, which are queued a part at a time. At most 10,000 batches are looked at. Absent while the database does not answer.',
    aggregator: 'first',
  },
  queueOldestDue: {
    type: 'gauge',
    name: 'tidings_queue_oldest_due_seconds',
    help: 'How long the oldest delivery is due, or waits to be queued, that nothing but a lack of room holds back; 0 if there is none. At least this long when more than 1,000 webhooks have waiting deliveries. Absent while the database does not answer.',
    aggregator: 'first',
  },
  endpoints: {
    type: 'gauge',
    name: 'tidings_endpoints',
    help: 'Endpoints in trouble: failing but sent to, down and only probed, recovering and sent to few at a time, or paused at their own request. At most 10,000 are looked at. Absent while the database does not answer.',
    labels: { state: ['failing', 'down', 'recovering', 'paused'] },
    aggregator: 'first',
  },
  endpointStateChanges: {
    type: 'counter',
    name: 'tidings_endpoint_state_changes_total',
    help: 'Endpoints that changed their state, by what they became.',
    labels: { to: ENDPOINT_CHANGES },
    aggregator: 'sum',
  },

  operationalEventsDropped: {
    type: 'counter',
    name: 'tidings_operational_events_dropped_total',
    help: 'Operational events that are not delivered, because 10,000 wait for the webhook of OPERATOR_WEBHOOK_URL already, or because it was deleted.',
    labels: { event_type: OPERATIONAL_EVENT_TYPES },
    aggregator: 'sum',
  },

  databaseConnections: {
    type: 'gauge',
    name: 'tidings_database_connections',
    help: 'Open connections of this replica to the database: those for requests, those of the pipeline that takes events in and sends them, and the one that looks tokens up.',
    labels: { pool: DATABASE_POOLS, state: ['idle', 'busy'] },
    aggregator: 'sum',
  },
  databaseConnectionsLimit: {
    type: 'gauge',
    name: 'tidings_database_connections_limit',
    help: 'How many connections this replica may open; together DATABASE_POOL_SIZE.',
    labels: { pool: DATABASE_POOLS },
    aggregator: 'sum',
  },
  databaseWaiting: {
    type: 'gauge',
    name: 'tidings_database_waiting',
    help: 'Callers in this replica that wait for a free connection.',
    labels: { pool: DATABASE_POOLS },
    aggregator: 'sum',
  },

  databaseTroubles: {
    type: 'counter',
    name: 'tidings_database_troubles_total',
    help: 'Statements that failed, and connections that could not be made, because of the database, by what was wrong with it: `busy` is any lack of an answer, also locks, deadlocks and restarts.',
    labels: { trouble: DATABASE_TROUBLES },
    aggregator: 'sum',
  },

  partitionsAhead: {
    type: 'gauge',
    name: 'tidings_partitions_ahead_days',
    help: 'For how many whole days after today there are partitions in all three logs, without a gap; normally 7. At 0 nothing can be stored tomorrow; -1: today has none either. Absent while the database does not answer.',
    aggregator: 'first',
  },
  oldestDayAge: {
    type: 'gauge',
    name: 'tidings_oldest_retained_day_age_days',
    help: 'How many days ago the oldest day was that still has a partition. Above RETENTION_DAYS a day is kept for unfinished deliveries, or could not be dropped. Absent while the database does not answer.',
    aggregator: 'first',
  },

  readsWaiting: {
    type: 'gauge',
    name: 'tidings_reads_waiting',
    help: 'Steps of lists, statistics and dry runs that wait for their turn in this replica. Those that do not get one within 1 s are answered 429, or 503 where the database answers nobody.',
    aggregator: 'sum',
  },

  requestDuration: {
    type: 'histogram',
    name: 'tidings_http_request_duration_seconds',
    help: 'From the arrival of a request to the end of its answer. The route is its pattern, never the path as sent.',
    labels: {
      method: REQUEST_METHODS,
      route: `the patterns of the API, \`${NO_ROUTE}\` for any other path`,
      status: ['2xx', '3xx', '4xx', '5xx'],
    },
    buckets: REQUEST_BUCKETS,
    aggregator: 'sum',
  },
} as const satisfies Record<string, Metric>;

type Table = typeof METRICS;
export type MetricKey = keyof Table;
type KeyOf<Type extends Metric['type']> = {
  [K in MetricKey]: Table[K]['type'] extends Type ? K : never;
}[MetricKey];

export type CounterKey = KeyOf<'counter'>;
export type GaugeKey = KeyOf<'gauge'>;
export type HistogramKey = KeyOf<'histogram'>;

type ValueOf<Values> = Values extends readonly (infer Value)[] ? Value : string;

export type LabelsOf<K extends MetricKey> = Table[K] extends { labels: infer Labels }
  ? { [Label in keyof Labels]: ValueOf<Labels[Label]> }
  : Record<string, never>;

export function seriesOf({ labels = {} }: Metric): Record<string, string>[] | null {
  let series: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels)) {
    if (typeof values === 'string') return null;
    series = series.flatMap((labelled) => values.map((value) => ({ ...labelled, [name]: value })));
  }
  return series;
}
