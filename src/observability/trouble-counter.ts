import { Injectable } from '@nestjs/common';
import { DATABASE_TROUBLES } from '../common/database-trouble.js';
import { DatabaseTroubles } from '../database/database-troubles.js';
import { Metrics } from '../metrics/metrics.js';

@Injectable()
export class TroubleCounter {
  constructor(troubles: DatabaseTroubles, metrics: Metrics) {
    const counts = new Map(
      DATABASE_TROUBLES.map((trouble) => [trouble, metrics.counter('databaseTroubles', { trouble })] as const),
    );
    troubles.listen((trouble) => counts.get(trouble)!.inc());
  }
}
