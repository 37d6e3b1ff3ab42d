import { InitialSchema1764100000000 } from './1764100000000-initial-schema.js';
import { QueueKey1764200000000 } from './1764200000000-queue-key.js';
import { EndedSecrets1764300000000 } from './1764300000000-ended-secrets.js';
import { AuditTrail1764400000000 } from './1764400000000-audit-trail.js';
import { Erasure1764500000000 } from './1764500000000-erasure.js';
import { Recovery1764600000000 } from './1764600000000-recovery.js';
import { AttemptTimings1764700000000 } from './1764700000000-attempt-timings.js';
import { RevisionTimes1764700000001 } from './1764700000001-revision-times.js';
import { Statistics1764800000000 } from './1764800000000-statistics.js';
import { UnsuccessfulDeliveries1764800000001 } from './1764800000001-unsuccessful-deliveries.js';
import { OperationalEvents1764900000000 } from './1764900000000-operational-events.js';
import { FanOut1765000000000 } from './1765000000000-fan-out.js';
import { RequestDemand1765100000000 } from './1765100000000-request-demand.js';
import { ForcedLeases1765300000000 } from './1765300000000-forced-leases.js';
import { EndpointStates1765400000000 } from './1765400000000-endpoint-states.js';
import { PartitionFunctions1765600000000 } from './1765600000000-partition-functions.js';
import { ListedTests1765700000000 } from './1765700000000-listed-tests.js';
import { StaleConnections1765800000000 } from './1765800000000-stale-connections.js';
import { WebhookTokens1765900000000 } from './1765900000000-webhook-tokens.js';
import { ReplicaLocks1766000000000 } from './1766000000000-replica-locks.js';

/** In the order they run. A migration that is not listed here does not exist: no glob can miss or find one by surprise. */
export const migrations = [
  InitialSchema1764100000000,
  QueueKey1764200000000,
  EndedSecrets1764300000000,
  AuditTrail1764400000000,
  Erasure1764500000000,
  Recovery1764600000000,
  AttemptTimings1764700000000,
  RevisionTimes1764700000001,
  Statistics1764800000000,
  UnsuccessfulDeliveries1764800000001,
  OperationalEvents1764900000000,
  FanOut1765000000000,
  RequestDemand1765100000000,
  ForcedLeases1765300000000,
  EndpointStates1765400000000,
  PartitionFunctions1765600000000,
  ListedTests1765700000000,
  StaleConnections1765800000000,
  WebhookTokens1765900000000,
  ReplicaLocks1766000000000,
];
