import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { poolUsageOf } from '../database/pool-usage.js';
import { Metrics } from '../metrics/metrics.js';

/** Shows the use of the database's connection pool. */
@Injectable()
export class PoolGauges {
  constructor(dataSource: DataSource, metrics: Metrics) {
    metrics.gauge('databaseConnections', { state: 'idle' }, () => poolUsageOf(dataSource).idle);
    metrics.gauge('databaseConnections', { state: 'busy' }, () => poolUsageOf(dataSource).busy);
    metrics.gauge('databaseConnectionsLimit', {}, () => poolUsageOf(dataSource).limit);
    metrics.gauge('databaseWaiting', {}, () => poolUsageOf(dataSource).waiting);
  }
}
