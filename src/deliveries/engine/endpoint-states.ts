import { Injectable, Logger } from '@nestjs/common';
import type { EndpointChange } from '../../metrics/metric-table.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type { HealthState } from './endpoint-health.js';

export interface EndpointStateChange {
  webhookId: string;
  from: HealthState | 'paused';
  to: EndpointChange;
  /** More for the line of the log, under the names there. */
  facts?: Readonly<Record<string, string | number>>;
}

const MESSAGES: Readonly<Record<EndpointChange, string>> = {
  healthy: 'endpoint is healthy',
  down: 'endpoint is down: its deliveries wait for a probe to succeed',
  recovering: 'endpoint recovers: its deliveries go out few at a time, one more for each success',
  paused: 'endpoint asked for a pause: its deliveries wait',
  disabled_gone: 'webhook made inactive: its endpoint is gone',
  disabled_failing: 'webhook made inactive: its endpoint has failed for days',
};

/** Learns of every change of an endpoint's state, once among all replicas: from the statement that made it. */
@Injectable()
export class EndpointStates {
  private readonly logger = new Logger(EndpointStates.name);

  constructor(private readonly metrics: DeliveryMetrics) {}

  changed({ webhookId, from, to, facts }: EndpointStateChange): void {
    this.metrics.endpointBecame(to);
    const line = { msg: MESSAGES[to], webhook_id: webhookId, from, to, ...facts };
    if (to === 'healthy' || to === 'recovering') this.logger.log(line);
    else this.logger.warn(line);
  }
}
