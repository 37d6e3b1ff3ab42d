import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ACCESS, INTAKE, PIPELINE } from '../database/data-sources.js';
import { poolUsageOf } from '../database/pool-usage.js';
import { Metrics } from '../metrics/metrics.js';

@Injectable()
export class PoolGauges {
  constructor(
    requests: DataSource,
    @InjectDataSource(PIPELINE) pipeline: DataSource,
    @InjectDataSource(ACCESS) access: DataSource,
    @InjectDataSource(INTAKE) intake: DataSource,
    metrics: Metrics,
  ) {
    const pools = [
      ['requests', requests],
      ['pipeline', pipeline],
      ['access', access],
      ...(intake === pipeline ? [] : [['intake', intake] as const]),
    ] as const;
    for (const [pool, dataSource] of pools) {
      metrics.gauge('databaseConnections', { pool, state: 'idle' }, () => poolUsageOf(dataSource).idle);
      metrics.gauge('databaseConnections', { pool, state: 'busy' }, () => poolUsageOf(dataSource).busy);
      metrics.gauge('databaseConnectionsLimit', { pool }, () => poolUsageOf(dataSource).limit);
      metrics.gauge('databaseWaiting', { pool }, () => poolUsageOf(dataSource).waiting);
    }
  }
}
