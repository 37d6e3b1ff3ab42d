import { Injectable } from '@nestjs/common';

/**
 * The number of processes that share the database, by the latest heartbeat; `deliveries` updates it. It is one before
 * the first heartbeat, and on the embedded engine.
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
