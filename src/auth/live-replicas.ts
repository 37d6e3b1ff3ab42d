import { Injectable } from '@nestjs/common';

/**
 * How many processes share the database, by the latest heartbeat (`deliveries/`). One before the first, and on the
 * embedded engine.
 */
@Injectable()
export class LiveReplicas {
  private replicas = 1;

  get count(): number {
    return this.replicas;
  }

  note(count: number): void {
    this.replicas = count;
  }
}
